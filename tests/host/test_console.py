# SPDX-License-Identifier: GPL-2.0
"""The search of the kernel's log for trouble."""

import unittest

from machine import console

HEALTHY = """\
[    0.000000] Linux version 7.3.4+deb13-amd64
[    2.100000] virtio-pci 0000:00:02.0: enabling device
[    2.200000] kmemleak: Kernel memory leak detector initialized (mem pool available: 38211)
[    2.300000] rcu: \tRCU lockdep checking is enabled.
[    9.000000] nsmux: loading out-of-tree module taints kernel.
[    9.100000] nsmux: module verification failed: signature and/or required key missing
[   10.000000] reboot: Power down
"""

# One line of each kind, as the kernel writes it.
TROUBLE = (
    "[    9.2] WARNING: CPU: 0 PID: 99 at net/core/dev.c:1 netif_rx+0x1/0x2",
    "[    9.2] BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "[    9.2] Oops: 0000 [#1] SMP NOPTI",
    "[    9.2] RIP: 0010:nsmux_receive+0x1/0x2 [nsmux]",
    "[    9.2] Call Trace:",
    "[    9.2] UBSAN: array-index-out-of-bounds in net/core/sock.c:1:2",
    "[    9.2] KASAN: null-ptr-deref in range [0x0000000000000008-0x000000000000000f]",
    "[    9.2] BUG kmalloc-64 (Tainted: G    B      O): Right Redzone overwritten",
    "[    9.2] Oops: general protection fault, maybe for address 0x0: 0000",
    "[    9.2] list_del corruption. prev->next should be ffff888003c0a000, but was 0",
    "[    9.2] ODEBUG: free active (active state 0) object: ffff888003c0a000 type: work",
    "[   60.2] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "[    9.2] refcount_t: underflow; use-after-free.",
    "[    9.2] ref_tracker: net notrefcnt@000000 has 1/1 users at",
    "unreferenced object 0xffff888003c0a000 (size 64):",
    "[  242.2] INFO: task rmmod:88 blocked for more than 120 seconds.",
    "[   30.2] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
    "[   30.2] rcu: INFO: rcu_preempt self-detected stall on CPU",
    "[   30.2] rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-...D }",
    "[   30.2] INFO: rcu_tasks detected stalls on tasks:",
    "[   30.2] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [python3:99]",
    "[    9.2] WARNING: possible circular locking dependency detected",
    "[    9.2] WARNING: suspicious RCU usage",
    "[    9.2] BUG: scheduling while atomic: sh/99/0x00000002",
    "[    9.2] INFO: trying to register non-static key.",
    "[    9.2] INFO: lockdep is turned off.",
    "[    9.2] BUG: MAX_LOCKDEP_CHAIN_HLOCKS too low!",
    "[    9.2] kmemleak: Cannot allocate a kmemleak_object structure",
    "[    9.2] kmemleak: Kernel memory leak detector disabled",
    "[    9.2] Kernel panic - not syncing: Fatal exception in interrupt",
    "[    9.2] unregister_netdevice: waiting for lo to become free. Usage count = 2",
    "[    9.2] BUG: sleeping function called from invalid context at mm/slab.h:1",
    "[    9.2] rust_kernel: panicked at rust/mux.rs:1:1:",
)


class SearchTest(unittest.TestCase):
    """console.search"""

    def test_healthy_log(self):
        self.assertEqual(console.search(HEALTHY), [])

    def test_each_kind_is_found(self):
        for line in TROUBLE:
            with self.subTest(line):
                pieces = console.search(HEALTHY + line + "\n")
                self.assertEqual(len(pieces), 1)
                self.assertIn(line, pieces[0])

    def test_context(self):
        lines = [f"line {number}" for number in range(100)]
        lines[50] = TROUBLE[0]
        (piece,) = console.search("\n".join(lines))
        self.assertEqual(piece, lines[50 - console.BEFORE:51 + console.AFTER])

    def test_near_findings_share_a_piece(self):
        lines = [f"line {number}" for number in range(200)]
        for number in (50, 52, 60, 150):
            lines[number] = TROUBLE[0]
        first, second = console.search("\n".join(lines))
        self.assertEqual(first, lines[50 - console.BEFORE:61 + console.AFTER])
        self.assertEqual(second, lines[150 - console.BEFORE:151 + console.AFTER])

    def test_finding_at_both_ends(self):
        pieces = console.search("\n".join([TROUBLE[0]] + ["quiet"] * 99 + [TROUBLE[1]]))
        self.assertEqual([piece[0] == TROUBLE[0] for piece in pieces], [True, False])
        self.assertEqual(pieces[1][-1], TROUBLE[1])
