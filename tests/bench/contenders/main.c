// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks to compare nsmux with. The name of a contender that is written to the
 * parameter "attach" sets its hooks in the writer's network namespace; "none"
 * takes them away. A namespace has to be left so before it goes.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "contenders.h"

#define NAMESPACES	4
#define HOOKS		4

static const struct contender *const contenders[] = {
	&empty_in, &empty_both, &direct, &slow, &fast, &timed,
	&shared,
};

struct attached {
	const struct contender *contender;
	struct net *net;
	void *priv;
	struct nf_hook_ops ops[HOOKS];
};

static DEFINE_MUTEX(lock);
static struct attached all[NAMESPACES];

static void detach(struct attached *attached)
{
	const struct contender *contender = attached->contender;

	if (!contender)
		return;
	nf_unregister_net_hooks(attached->net, attached->ops,
				contender->number);
	/* No packet is in a hook any more after that. */
	synchronize_rcu();
	if (contender->close)
		contender->close(attached->priv);
	attached->contender = NULL;
	attached->net = NULL;
}

static int attach(struct attached *attached, struct net *net,
		  const struct contender *contender)
{
	unsigned int i;
	int error;

	attached->priv = NULL;
	if (contender->open) {
		attached->priv = contender->open(net);
		if (!attached->priv)
			return -ENOMEM;
	}
	for (i = 0; i < contender->number; i++) {
		attached->ops[i] = contender->ops[i];
		attached->ops[i].priv = attached->priv;
	}
	error = nf_register_net_hooks(net, attached->ops, contender->number);
	if (error) {
		if (contender->close)
			contender->close(attached->priv);
		return error;
	}
	attached->contender = contender;
	attached->net = net;
	return 0;
}

/* The place of a namespace, or the first free one. */
static struct attached *place_of(struct net *net)
{
	struct attached *free = NULL;
	int i;

	for (i = 0; i < NAMESPACES; i++) {
		if (all[i].net == net)
			return &all[i];
		if (!all[i].net && !free)
			free = &all[i];
	}
	return free;
}

static int attach_set(const char *name, const struct kernel_param *kp)
{
	struct net *net = current->nsproxy->net_ns;
	struct attached *attached;
	int i, error = -EINVAL;

	mutex_lock(&lock);
	attached = place_of(net);
	if (!attached) {
		error = -ENOSPC;
	} else if (sysfs_streq(name, "none")) {
		detach(attached);
		error = 0;
	}
	for (i = 0; error == -EINVAL && i < ARRAY_SIZE(contenders); i++) {
		if (sysfs_streq(name, contenders[i]->name)) {
			detach(attached);
			error = attach(attached, net, contenders[i]);
		}
	}
	mutex_unlock(&lock);
	return error;
}

static const struct kernel_param_ops attach_ops = { .set = attach_set };
module_param_cb(attach, &attach_ops, NULL, 0200);
MODULE_PARM_DESC(attach, "the contender whose hooks this namespace gets");

static int __init contenders_init(void)
{
	return 0;
}

static void __exit contenders_exit(void)
{
	int i;

	for (i = 0; i < NAMESPACES; i++)
		detach(&all[i]);
}

module_init(contenders_init);
module_exit(contenders_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Netfilter hooks in C that nsmux is compared with");
