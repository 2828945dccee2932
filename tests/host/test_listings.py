# SPDX-License-Identifier: GPL-2.0
"""The check of machine code in the documentation, with code that is made up."""

import unittest

from checks import listings

HOOK = "net9netfilter8outgoingNtNtB6_8instance8InstanceNtNtNtB4_4inet2v42V4NtNtNtB6_3Out"
CODE = f"""
0000000000000010 <{HOOK}>:
  10:\tendbr64
  14:\tjmp    30 <{HOOK}+0x20>
  16:\ttest   rax,rax
  19:\tje     1f <{HOOK}+0xf>
\t\t\t1b: R_X86_64_PLT32\trare-0x4
  1f:\tcmp    r8d,QWORD PTR [rip+0x0]        # 26 <there>
  22:\tjb     29 <{HOOK}+0x19>
  24:\tjmp    29 <next+0x9>
\t\t\t25: R_X86_64_PLT32\tnext-0x4
  29:\tmov    eax,0x1
  2e:\tjmp    33 <{HOOK}+0x23>
\t\t\t2f: R_X86_64_PLT32\t__x86_return_thunk-0x4

0000000000000020 <.Ltmp1>:
  33:\tnop

0000000000000040 <next>:
  40:\txor    eax,eax
  42:\tjmp    47 <next+0x7>
\t\t\t43: R_X86_64_PLT32\t__x86_return_thunk-0x4
"""
BEGINNING = ["endbr64", "nop    DWORD PTR [rax]", "test   rax,rax", "je     rare",
             "cmp    r8d,QWORD PTR [rip+0x0]"]
# Not taken, then into another function; and taken.
ONE = BEGINNING + ["jb     no", "jmp    next", "xor    eax,eax", "jmp    __x86_return_thunk"]
OTHER = BEGINNING + ["jb     no", "mov    eax,0x1", "jmp    __x86_return_thunk"]


class DifferenceTest(unittest.TestCase):
    """checks.listings.difference"""

    def difference(self, lines, name="outgoing_ipv4"):
        """What is wrong with a listing, each line of which has an explanation."""
        text = "".join(f"    {line:<{listings.COLUMN}}words, and words\n" for line in lines)
        return listings.difference(listings.Code(CODE), name, text)

    def test_same(self):
        """Both ways through a hook are in it."""
        self.assertIsNone(self.difference(ONE))
        self.assertIsNone(self.difference(OTHER, "outgoing_ipv4_other"))

    def test_other_operand(self):
        """One digit is enough."""
        lines = [line.replace("0x1", "0x2") for line in OTHER]
        self.assertEqual(self.difference(lines),
                         "line 7 is mov eax,0x2, and the module has jmp next or mov eax,0x1")

    def test_left_out(self):
        """So is an instruction that is not shown."""
        self.assertEqual(self.difference(ONE[:2] + ONE[3:]),
                         "line 3 is je rare, and the module has test rax,rax")

    def test_no_end(self):
        """A listing that stops halfway, and one that goes on behind the end."""
        self.assertEqual(self.difference(ONE[:-1]), "the last line is xor eax,eax, which is no end")
        self.assertEqual(self.difference(ONE + ["nop"]),
                         "line 10 is nop, and the module has the end")

    def test_no_hook(self):
        """A name that stands for nothing."""
        self.assertEqual(self.difference(ONE, "incoming_ipv4"), "there is no such hook")


if __name__ == "__main__":
    unittest.main()
