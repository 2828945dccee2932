# SPDX-License-Identifier: GPL-2.0
"""Shows that a first level that is compiled out leaves no instruction behind.

tests/compiled_out/lookups.rs has pairs of functions: a lookup through the mux, and the direct call
of the kernel's function with the initial namespace. Compiled with the module's own sources and
flags, the two are the same instructions if the first level is compiled out. They are not if it
is there: that shows that the comparison sees it.
"""

import difflib
import re
import subprocess

from environment.failure import Failure
from kernel_module import compiler, module, scratch

LOOKUPS = module.PROJECT / "tests/compiled_out/lookups.rs"
OBJECT = "lookups.o"

PAIRS = ["receive_connection", "receive_listener", "receive_udp", "receive_connection6",
         "receive_listener6", "receive_udp6", "device_connection", "device_udp6"]

# Before a function there are the no-operations that tracing may replace, which are none of it.
FUNCTION = re.compile(r"^<(mux|direct)_(\w+)>:$")


def verdicts(environment, source=module.PROJECT):
    """Every pair, by name, with what is wrong with it in lines: none, if all is well."""
    with scratch.copy(environment, source) as directory:
        module.run_make(environment, directory, "rust/nsmux_main.o",
                        variables=["NSMUX_FIRST_LEVEL=noop"])
        noop = functions(environment, directory, "noop")
        pointer = functions(environment, directory, "pointer")
    return {pair: judge(noop[pair]) + judge_pointer(pointer[pair]) for pair in PAIRS}


def judge(pair):
    """Both ways have to be the same instructions."""
    return list(difflib.unified_diff(pair["direct"], pair["mux"], "direct", "through the no-op mux",
                                     lineterm="", n=0))


def judge_pointer(pair):
    """Neither way may be the other where there is a first level."""
    if pair["direct"] != pair["mux"]:
        return []
    return ["the first level is not seen in the instructions where it is not compiled out"]


def functions(environment, directory, first_level):
    """The instructions of each pair: pair -> way -> lines."""
    errors = compiler.compile_with(
        environment, directory, [LOOKUPS], f"--emit=obj={directory / OBJECT}",
        # Where two functions are the same, both shall be there to be compared.
        "-Zmerge-functions=disabled",
        replace={'first_level="noop"': f'first_level="{first_level}"'})
    if errors:
        raise Failure(f"{LOOKUPS} does not compile:\n{compiler.texts(errors)}")
    listing = environment.root.run(
        ["objdump", "--disassemble", "--reloc", "--no-addresses", "--no-show-raw-insn",
         directory / OBJECT], [directory], stdout=subprocess.PIPE).stdout.decode()
    found = {pair: {} for pair in PAIRS}
    for block in listing.split("\n\n"):
        head, *lines = block.splitlines() or [""]
        match = FUNCTION.match(head)
        if match:
            way, pair = match.groups()
            # The own name stands in the targets of jumps.
            found[pair][way] = [line.strip().replace(f"{way}_{pair}", pair) for line in lines]
    return found
