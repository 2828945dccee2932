# SPDX-License-Identifier: GPL-2.0
"""The machine code that Documentation/design.rst explains is that of the module.

Each listing is a way through a hook, and into what that jumps to. Every line has to be an
instruction of the module, and the next line one that can come after it; where a branch goes is in
words there, and not compared. What is behind COLUMN is the explanation.
"""

import re
import subprocess

from checks.sources import PROJECT
from kernel_module import module, packet_path, scratch

TEXT = PROJECT / "Documentation/design.rst"
COLUMN = 40

LISTING = re.compile(r"^\.\. code-block:: none\n   :name: (\w+)\n\n((?:    .*\n)+)", re.MULTILINE)
FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^\s+([0-9a-f]+):\t(\S+)\s*(.*?)\s*(?:#.*)?$")
RELOCATION = re.compile(r"R_\w+\s+(\S+?)(?:[+-]0x[0-9a-f]+)?$")


def findings(sources):
    """What is shown and is not so."""
    environment = sources.environment
    with scratch.copy(environment) as directory:
        module.run_make(environment, directory, "rust/nsmux_main.o")
        code = Code(environment.root.run(
            ["objdump", "--disassemble", "--reloc", "--no-show-raw-insn", "-M", "intel",
             directory / "rust/nsmux_main.o"], [directory], stdout=subprocess.PIPE).stdout.decode())
    shown = LISTING.findall(TEXT.read_text(encoding="utf-8"))
    if not shown:
        return [f"{TEXT.relative_to(PROJECT)} shows no listing"]
    return [f"{TEXT.relative_to(PROJECT)}, {name}: {problem}" for name, text in shown
            if (problem := difference(code, name, text))]


def difference(code, name, text):
    """How the listing of a way through a hook differs from the code; None if it does not."""
    hooks = [function for function in code.functions
             if (hook := packet_path.hook(function)) and name.startswith(hook)]
    if len(hooks) != 1:
        return "there is no such hook"
    places = [(hooks[0], 0)]
    for number, line in enumerate(text.splitlines(), 1):
        wanted = line[4:4 + COLUMN].strip().split(maxsplit=1)
        matching = [place for place in places if code.is_at(place, wanted)]
        if not matching:
            there = " or ".join(sorted({code.shown(place) for place in places})) or "the end"
            return f"line {number} is {' '.join(wanted)}, and the module has {there}"
        places = [after for place in matching for after in code.after(place)]
    return None if wanted[0] == "jmp" else f"the last line is {' '.join(wanted)}, which is no end"


class Code:
    """The disassembly of an object file; a place is a function and the number of an
    instruction."""

    def __init__(self, disassembly):
        self.functions = {}
        instructions = []
        for line in disassembly.splitlines():
            if match := FUNCTION.match(line):
                # Labels that the compiler keeps begin with a dot.
                if not match[1].startswith("."):
                    instructions = self.functions.setdefault(match[1], [])
            elif match := INSTRUCTION.match(line):
                address, mnemonic, operands = match.groups()
                instructions.append([int(address, 16), mnemonic, operands, None])
            elif instructions and (match := RELOCATION.search(line)):
                instructions[-1][3] = match[1]

    def is_at(self, place, wanted):
        """Whether an instruction, as it is shown, is in a place."""
        _, mnemonic, operands, _ = self.at(place)
        if wanted[0] == "nop":
            # A jump that is turned into one when the module is loaded: a static key.
            return mnemonic in ("nop", "jmp")
        if mnemonic == "call" or mnemonic.startswith("j"):
            return mnemonic == wanted[0]
        return [mnemonic, operands] == [wanted[0], "".join(wanted[1:])]

    def after(self, place):
        """The places that can come after one."""
        function, number = place
        _, mnemonic, operands, symbol = self.at(place)
        following = (function, number + 1)
        if not mnemonic.startswith("j"):
            return [following]
        if symbol:
            target = [(symbol, 0)] if symbol in self.functions else []
        else:
            address = int(operands.split()[0], 16)
            target = [(function, other) for other, instruction
                      in enumerate(self.functions[function]) if instruction[0] == address]
        # Behind an unconditional jump there is more only if it is a static key.
        return target + [following] if mnemonic != "jmp" or self.is_key(place) else target

    def is_key(self, place):
        """Whether a jump is one that is patched out: the second instruction of a hook."""
        function, number = place
        before = [instruction[1] for instruction in self.functions[function][:number]]
        return before[:1] == ["endbr64"] and set(before[1:]) <= {"mov"}

    def at(self, place):
        """The address, mnemonic, operands and symbol of an instruction."""
        function, number = place
        return self.functions[function][number]

    def shown(self, place):
        """An instruction in a line."""
        _, mnemonic, operands, symbol = self.at(place)
        return f"{mnemonic} {symbol or operands}".rstrip()
