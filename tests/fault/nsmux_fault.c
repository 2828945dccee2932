// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a call fail that nsmux makes: the nth one of a function of the kernel.
 *
 * A stock kernel has no fault injection. A probe at the function's entry does
 * as well: it looks who called, and returns to the caller at once, with what
 * the function returns when it fails.
 */
#include <linux/atomic.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/objtool.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "nsmux_fault.h"

static char *symbol;
module_param(symbol, charp, 0400);
MODULE_PARM_DESC(symbol, "the function that fails");

static long result;
module_param(result, long, 0400);
MODULE_PARM_DESC(result, "what it returns then");

static int nth;
module_param(nth, int, 0400);
MODULE_PARM_DESC(nth, "which of nsmux's calls fails, from 1; 0 for none");

static int argument = -1;
module_param(argument, int, 0400);
MODULE_PARM_DESC(argument, "calls in which this argument is 0 are none");

static atomic_t calls;

static int sections = IS_ENABLED(CONFIG_PREEMPT_RCU) ? 0 : -1;
module_param(sections, int, 0400);
MODULE_PARM_DESC(sections, "the most read-side sections of RCU around a call; -1 if nobody counts them");

static int calls_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&calls));
}

static const struct kernel_param_ops calls_ops = { .get = calls_get };
module_param_cb(calls, &calls_ops, NULL, 0400);
MODULE_PARM_DESC(calls, "how many calls nsmux has made of it");

asm(".text\n"
	".type nsmux_fault_return, @function\n"
	".globl nsmux_fault_return\n"
	"nsmux_fault_return:\n"
	ANNOTATE_NOENDBR "\n"
	ASM_RET
	".size nsmux_fault_return, .-nsmux_fault_return\n");

static bool called_by_nsmux(struct pt_regs *regs)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol(name, regs_get_kernel_stack_nth(regs, 0));
	return strstr(name, "[nsmux]");
}

static int at_entry(struct kprobe *probe, struct pt_regs *regs)
{
	if (argument >= 0 && !regs_get_kernel_argument(regs, argument))
		return 0;
	if (!called_by_nsmux(regs))
		return 0;
	if (IS_ENABLED(CONFIG_PREEMPT_RCU))
		sections = max(sections, rcu_preempt_depth());
	if (atomic_inc_return(&calls) != nth)
		return 0;
	regs_set_return_value(regs, result);
	instruction_pointer_set(regs, (unsigned long)nsmux_fault_return);
	return 1;
}

/* Says that the probe may go elsewhere, for which it must not be optimised. */
static void after_entry(struct kprobe *probe, struct pt_regs *regs,
			unsigned long flags)
{
}

static struct kprobe probe = {
	.pre_handler = at_entry,
	.post_handler = after_entry,
};

static int __init nsmux_fault_init(void)
{
	probe.symbol_name = symbol;
	return register_kprobe(&probe);
}

static void __exit nsmux_fault_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(nsmux_fault_init);
module_exit(nsmux_fault_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Makes calls fail that nsmux makes, for its tests");
