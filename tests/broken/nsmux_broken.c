// SPDX-License-Identifier: GPL-2.0
/*
 * Makes one mistake of each kind that a debug kernel has to find, when asked
 * for it by writing its name into the parameter "make". It shows that a run on
 * that kernel notices.
 */
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/net_namespace.h>

static DEFINE_SPINLOCK(first);
static DEFINE_SPINLOCK(second);

static noinline void lock_inversion(void)
{
	spin_lock(&first);
	spin_lock(&second);
	spin_unlock(&second);
	spin_unlock(&first);

	spin_lock(&second);
	spin_lock(&first);
	spin_unlock(&first);
	spin_unlock(&second);
}

/* It may sleep, and need not in order to be found. */
static noinline void sleep_in_atomic(void)
{
	spin_lock(&first);
	kfree(kmalloc(8, GFP_KERNEL));
	spin_unlock(&first);
}

static noinline void use_after_free(void)
{
	int *freed = kmalloc(sizeof(*freed), GFP_KERNEL);

	kfree(freed);
	OPTIMIZER_HIDE_VAR(freed);
	if (freed)
		READ_ONCE(*freed);
}

static noinline void leak(void)
{
	int i;

	/*
	 * The slab allocator keeps the addresses of what it has handed out last
	 * where kmemleak sees them: some 70 of one size.
	 */
	for (i = 0; i < 256; i++) {
		void *lost = kmalloc(64, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(lost);
	}
}

/* As the kernel's own code holds a namespace, but without an end. */
static noinline void leak_namespace(void)
{
	static netns_tracker tracker;

	get_net_track(current->nsproxy->net_ns, &tracker, GFP_KERNEL);
	/* Lest the call become a jump, which leaves no trace of this. */
	barrier();
}

static const struct {
	const char *name;
	void (*make)(void);
} mistakes[] = {
	{ "lock_inversion", lock_inversion },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "use_after_free", use_after_free },
	{ "leak", leak },
	{ "leak_namespace", leak_namespace },
};

static int make_set(const char *name, const struct kernel_param *kp)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (sysfs_streq(name, mistakes[i].name)) {
			mistakes[i].make();
			return 0;
		}
	}
	return -EINVAL;
}

static const struct kernel_param_ops make_ops = { .set = make_set };
module_param_cb(make, &make_ops, NULL, 0200);
MODULE_PARM_DESC(make, "the mistake to make now");

static int __init nsmux_broken_init(void)
{
	return 0;
}

static void __exit nsmux_broken_exit(void)
{
}

module_init(nsmux_broken_init);
module_exit(nsmux_broken_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Makes mistakes on purpose, for the tests of nsmux");
