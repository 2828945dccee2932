# SPDX-License-Identifier: GPL-2.0
"""Call stacks that are made of registers and bytes of a stack, and what is shown of them."""

import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from collections import Counter
from pathlib import Path

import bench_profile
from bench import frames, sampled, shares
from bench.code import Code
from bench.frames import Frame
from bench.sampled import Cell, Watch
from bench.unwinding import HOST, Sample, Unwinder
from machine import sampler

# As objdump prints them. outer() calls middle(), which keeps rbp and calls through a register and
# the C library; a rare part of it is elsewhere. leaf() has a frame that rbp tells.
LISTING = """
0000000000001000 <outer>:
    1000:\tsub    $0x18,%rsp
    1004:\tcall   1100 <middle>
    1009:\tadd    $0x18,%rsp
    100d:\tret

0000000000001100 <middle>:
    1100:\tpush   %rbp
    1101:\tpush   %rbx
    1102:\tsub    $0x8,%rsp
    1106:\ttest   %edi,%edi
    1108:\tjne    2000 <middle.cold>
    110e:\tcall   *%rax
    1110:\tcall   3000 <clock_gettime@plt>
    1115:\tnotrack jmp *%rdx
    1118:\tlea    0x8(%rsp),%rsp
    111d:\tpop    %rbx
    111e:\tpop    %rbp
    111f:\tret
    1120:\txor    %eax,%eax

0000000000001200 <leaf>:
    1200:\tpush   %rbp
    1201:\tmov    %rsp,%rbp
    1204:\tand    $0xffffffffffffffe0,%rsp
    1208:\tadd    $0xffffffffffffff80,%rsp
    120c:\trep stos %al,(%rdi)
    120e:\tleave
    120f:\tret

0000000000002000 <middle.cold>:
    2000:\tpush   %r12
    2002:\tcall   1200 <leaf>
    2007:\tpop    %r12
    2009:\tjmp    1118 <middle+0x18>
"""
# Of a module that is not loaded: where it leads is not known.
TAIL = """
0000000000000000 <ends>:
   0:\tpush   %rbx
   1:\tpop    %rbx
   2:\tjmp    7 <ends+0x7>
\t\t\t3: R_X86_64_PLT32\tother-0x4
   7:\tud2
"""
OUTER, MIDDLE, LEAF = ("outer", ""), ("middle", ""), ("leaf", "")
RECEIVE, HOOK, LOOKUP = ("net_rx_action", ""), ("hook", "nsmux"), ("lookup", "")
TOP = 0x7000


def stack(pointer, *words, rbp=0, moved=0):
    """The stack of a sample with these words from the stack pointer on."""
    codes = [Code(LISTING, moved=moved)]
    return Unwinder(codes, {"outer"}).stack(
        Sample(pointer, TOP, rbp, b"".join(word.to_bytes(8, "little") for word in words)))


class FramesTest(unittest.TestCase):
    """bench.frames"""

    def depths(self, text):
        """Address -> depth."""
        return {address: frame.depth
                for address, frame in frames.frames([frames.instructions(text)]).items()}

    def test_pushes_and_pops(self):
        """Each instruction has what is on the stack before it."""
        found = self.depths(LISTING.split("\n\n")[1])
        self.assertEqual([found[address] for address in (0x1100, 0x1101, 0x1102, 0x1106, 0x111d,
                                                         0x111e, 0x111f)],
                         [0, 8, 16, 24, 16, 8, 0])

    def test_behind_a_table(self):
        """What is only jumped to through a table is in the body of the function."""
        self.assertEqual(self.depths(LISTING.split("\n\n")[1])[0x1118], 24)

    def test_told_by_rbp(self):
        """Where the stack pointer is aligned, rbp tells; and rbp is found where it was put."""
        found = frames.frames([frames.instructions(LISTING.split("\n\n")[2])])
        self.assertEqual(found[0x120c], Frame(None, base=8, saved=8))
        self.assertEqual(found[0x120f], Frame(0))

    def test_jump_elsewhere(self):
        """A relocation says that a jump does not lead to the next instruction."""
        listed = frames.instructions(TAIL)
        self.assertEqual([(one.mnemonic, one.target) for one in listed],
                         [("push", None), ("pop", None), ("jmp", None), ("ud2", None)])


class UnwindingTest(unittest.TestCase):
    """bench.unwinding and bench.code"""

    def test_middle_of_functions(self):
        """Return addresses are where the instructions say; other words do not matter."""
        self.assertEqual(stack(0x1106, 0x1009, 1, 2, 0x1009, 0, 0, 0, 0),
                         ((OUTER, MIDDLE), True))
        self.assertEqual(stack(0x1101, 1, 0x1009), ((OUTER, MIDDLE), True))

    def test_moved(self):
        """The code is loaded elsewhere than its file says."""
        self.assertEqual(stack(0x51101, 1, 0x51009, moved=0x50000), ((OUTER, MIDDLE), True))

    def test_part_elsewhere(self):
        """What was moved out is the function, and has on the stack what that had."""
        self.assertEqual(stack(0x1200, 0x2007, 12, 1, 2, 3, 0x1009), ((OUTER, MIDDLE, LEAF), True))

    def test_rbp(self):
        """The caller's rbp is found again."""
        self.assertEqual(stack(0x120c, 1, 2, 3, 0x7777, 0x2007, 12, 1, 2, 3, 0x1009, rbp=TOP + 24),
                         ((OUTER, MIDDLE, LEAF), True))

    def test_host(self):
        """In the C library, the first address that is behind a call counts."""
        self.assertEqual(stack(0x7f0000000000, 0x1108, 0x1115, 1, 2, 3, 0x1009),
                         ((OUTER, MIDDLE, HOST), True))

    def test_lost(self):
        """What is no return address is not taken for one."""
        self.assertEqual(stack(0x1101, 1, 0x1008), ((MIDDLE,), False))
        self.assertEqual(stack(0x1101, 1), ((MIDDLE,), False))
        self.assertEqual(stack(0x7f0000000000, 1), ((HOST,), False))


class SamplesTest(unittest.TestCase):
    """bench.sampled and machine.sampler"""

    def test_windows(self):
        """What is printed otherwise is passed over."""
        watch = Watch()
        for line in ("Linux version", '{"module": "nsmux", "text": "0x6400"}',
                     '{"begin": "udp observe"}', '{"end": "udp observe", "packets": 960}',
                     '{"done": true}'):
            watch.line(line)
        (name, begin, end, packets), = watch.windows
        self.assertEqual((name, packets), (("udp", "observe"), 960))
        self.assertLessEqual(begin, end)
        self.assertEqual(watch.modules, {"nsmux": 0x6400})
        self.assertTrue(watch.is_done)

    def test_worth(self):
        """A sample is a part of what the processor did, for each packet."""
        cell = Cell(packets=100, busy=50_000)
        for found, is_whole in (((RECEIVE, HOOK), True), ((RECEIVE,), True),
                                ((("userspace", ""),), True), ((LOOKUP,), False)):
            cell.take(found, is_whole)
        self.assertEqual(cell.times, {(RECEIVE, HOOK): 125, (RECEIVE,): 125})
        self.assertEqual((cell.received, cell.lost, cell.samples), (250, 1, 4))

    def test_program(self):
        """A program that is sampled does what it does, its signals included."""
        program = ("import signal, time\n"
                   "signal.signal(signal.SIGALRM, lambda *_: None)\n"
                   "signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\n"
                   "while time.process_time() < 0.3: pass\n"
                   "signal.setitimer(signal.ITIMER_REAL, 0)\n"
                   "raise SystemExit(7)\n")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "samples"
            done = subprocess.run([sys.executable, sampler.__file__, file, sys.executable, "-c",
                                   program], check=False)
            taken = list(sampled.samples(file.read_bytes()))
        self.assertEqual(done.returncode, 7)
        self.assertGreater(len(taken), 10)
        busy = [busy for _, busy, _ in taken]
        self.assertEqual(busy, sorted(busy))
        self.assertTrue(all(sample.stack for _, _, sample in taken))


class SharesTest(unittest.TestCase):
    """bench.shares and bench_profile"""

    def setUp(self):
        self.stacks = Counter({(RECEIVE,): 50, (RECEIVE, HOOK): 10, (RECEIVE, HOOK, LOOKUP): 20,
                               (RECEIVE, LOOKUP): 20})
        self.cells = {name: Cell(Counter(stacks), samples=200, packets=10, busy=4000)
                      for name, stacks in (("nothing", {(RECEIVE,): 50, (RECEIVE, LOOKUP): 10}),
                                           ("observe", self.stacks))}

    def test_by_function(self):
        """A function that is on a stack twice has its time once."""
        found = shares.by_function(self.stacks + Counter({(RECEIVE, LOOKUP, LOOKUP): 100}))
        self.assertEqual(found[LOOKUP], {"self": 0.7, "total": 0.7})
        self.assertEqual(found[HOOK], {"self": 0.05, "total": 0.15})

    def test_table(self):
        """Time of a packet, what is below hooks, and functions, the greatest first."""
        lines = list(shares.table("udp IPv4 veth", self.cells))
        self.assertEqual(lines[1].split()[-2:], ["120", "200"])
        self.assertEqual(lines[2].split()[-2:], ["·", "30.0"])
        self.assertEqual([line.split() for line in lines[4:7]], [
            ["net_rx_action", "83.3", "100.0", "50.0", "100.0"],
            ["lookup", "16.7", "16.7", "40.0", "40.0"],
            ["hook", "[nsmux]", "·", "·", "10.0", "30.0"]])

    def test_one_scale(self):
        """Of the pictures, that one is wider where it takes longer."""
        widths = {}
        for contender, picture in bench_profile.pictures("udp", self.cells).items():
            root = xml.etree.ElementTree.fromstring(picture)
            box = root.find("./{*}g/{*}g/{*}rect")
            widths[contender] = float(box.get("width"))
        self.assertAlmostEqual(widths["nothing"] / widths["observe"], 120 / 200)

    def test_folded(self):
        """A line for each stack."""
        self.assertEqual(bench_profile.folded(self.stacks).splitlines()[2],
                         "net_rx_action;hook;lookup 20")


if __name__ == "__main__":
    unittest.main()
