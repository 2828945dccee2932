/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A contender is a set of hooks that does with a packet what nsmux does, or a
 * part of it, in C: what nsmux costs is compared with what these cost.
 */
#ifndef NSMUX_CONTENDERS_H
#define NSMUX_CONTENDERS_H

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/net_namespace.h>

/* The places that nsmux has: see "Where the hooks are" in design.rst. */
#define PRIORITY_IN	200
#define PRIORITY_OUT	-450

/* The compiler takes such a function for one that it cannot look into. */
#define NOIPA __attribute__((__noipa__))

#define HOOK(family, place, function) {					\
	.hook = (function),						\
	.pf = NFPROTO_IPV##family,					\
	.hooknum = NF_INET_LOCAL_##place,				\
	.priority = PRIORITY_##place,					\
}

struct contender {
	const char *name;
	const struct nf_hook_ops *ops;
	unsigned int number;
	/* What the hooks of a namespace are given as priv, if they want it. */
	void *(*open)(struct net *net);
	void (*close)(void *priv);
};

extern const struct contender empty_in;
extern const struct contender empty_both;
extern const struct contender direct;
extern const struct contender slow;
extern const struct contender fast;
extern const struct contender timed;
extern const struct contender shared;

#endif
