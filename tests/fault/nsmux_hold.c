// SPDX-License-Identifier: GPL-2.0
/*
 * Holds a network device, as a driver may that is slow to let go: the kernel
 * then tells of the device's end every second, and waits.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>

/* All under RTNL, but for what is only counted. */
static struct net_device *held;
static int ended_before;
static atomic_t told, ended;

static int hold_set(const char *name, const struct kernel_param *kp)
{
	struct net_device *device = NULL;
	char wanted[IFNAMSIZ];

	/* Of nothing but white space it makes an empty text. */
	if (sscanf(name, "%15s", wanted) == 1 && wanted[0]) {
		device = dev_get_by_name(current->nsproxy->net_ns, wanted);
		if (!device)
			return -ENODEV;
	}
	rtnl_lock();
	swap(held, device);
	ended_before = atomic_read(&ended);
	rtnl_unlock();
	dev_put(device);
	return 0;
}

static const struct kernel_param_ops hold_ops = { .set = hold_set };
module_param_cb(hold, &hold_ops, NULL, 0200);
MODULE_PARM_DESC(hold, "the device of the writer's namespace that is held; empty for none");

static int count_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(kp->arg));
}

static const struct kernel_param_ops count_ops = { .get = count_get };
module_param_cb(told, &count_ops, &told, 0400);
MODULE_PARM_DESC(told, "how often the end of a held device was told");
module_param_cb(ended, &count_ops, &ended, 0400);
MODULE_PARM_DESC(ended, "how many namespaces have ended: modules that came later have left them");

static int notified(struct notifier_block *nb, unsigned long event, void *info)
{
	if (event != NETDEV_UNREGISTER || netdev_notifier_info_to_dev(info) != held)
		return NOTIFY_DONE;
	atomic_inc(&told);
	/*
	 * The kernel's own notifiers do not expect a device whose namespace has
	 * ended (netdev_genl_netdevice_event() reads a null pointer). Those of a
	 * namespace come before this one.
	 */
	return atomic_read(&ended) == ended_before ? NOTIFY_DONE : NOTIFY_STOP;
}

static struct notifier_block notifier = {
	.notifier_call = notified,
	.priority = INT_MAX,
};

static void __net_exit net_ended(struct net *net)
{
	atomic_inc(&ended);
}

static struct pernet_operations operations = { .exit = net_ended };

static int __init nsmux_hold_init(void)
{
	int error = register_pernet_subsys(&operations);

	if (error)
		return error;
	error = register_netdevice_notifier(&notifier);
	if (error)
		unregister_pernet_subsys(&operations);
	return error;
}

static void __exit nsmux_hold_exit(void)
{
	unregister_netdevice_notifier(&notifier);
	unregister_pernet_subsys(&operations);
	dev_put(held);
}

module_init(nsmux_hold_init);
module_exit(nsmux_hold_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Holds network devices, for the tests of nsmux");
