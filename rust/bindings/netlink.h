/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nsmux.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _LINUX_NSMUX_GEN_H
#define _LINUX_NSMUX_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/nsmux.h>

/* Common nested types */
extern const struct nla_policy nsmux_netns_nl_policy[NSMUX_A_NETNS_COOKIE + 1];

int nsmux_nl_dump_done(struct netlink_callback *cb);

int nsmux_nl_lookup_doit(struct sk_buff *skb, struct genl_info *info);
int nsmux_nl_lookup_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int nsmux_nl_namespace_get_doit(struct sk_buff *skb, struct genl_info *info);
int nsmux_nl_namespace_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int nsmux_nl_mode_set_doit(struct sk_buff *skb, struct genl_info *info);
int nsmux_nl_counters_reset_doit(struct sk_buff *skb, struct genl_info *info);
int nsmux_nl_socket_get_doit(struct sk_buff *skb, struct genl_info *info);
int nsmux_nl_socket_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);

enum {
	NSMUX_NLGRP_MISS,
	NSMUX_NLGRP_NAMESPACE,
};

extern struct genl_family nsmux_nl_family;

#endif /* _LINUX_NSMUX_GEN_H */
