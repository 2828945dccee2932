# SPDX-License-Identifier: GPL-2.0
"""What is run in user-mode Linux: nsmux twice, the hooks in C, programs, and what these count with.
"""

import shutil

from bench.guest import BUILD, SENDMMSG, SOURCE, compile_library
from environment.failure import Failure
from kernel_module import module
from kernel_module.scratch import PRODUCTS

FOLDER = BUILD / "native"
LIBRARIES = ("counted", "native")
# The numbers of commands and attributes.
CODES = module.PROJECT / "rust/bindings/uapi/linux/nsmux.h"

# User-mode Linux counts by a function that is called and that turns interrupts off and on, where
# this takes one instruction on a processor of its own. With one processor, a per-CPU address is an
# address.
COUNTER = "rust/net/percpu.rs"
AS_BUILT = "unsafe { bindings::rust_helper_this_cpu_inc(counters.wrapping_add(counter)) };"
BY_INSTRUCTION = """unsafe {
        core::arch::asm!(
            "inc qword ptr [{} + 8 * {}]",
            in(reg) counters,
            in(reg) counter,
            options(nostack),
        );
    }"""


def counting_by_instruction(text):
    """The source of the counters, as on a processor of its own."""
    if text.count(AS_BUILT) != 1:
        raise Failure(f"{COUNTER} does not count as bench/uml_build.py has it",
                      "Mend what is replaced there.")
    return text.replace(AS_BUILT, BY_INSTRUCTION)


def copied(source, folder):
    """A copy of the module's sources, with the times that they have."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source / "Kbuild", folder)
    shutil.copytree(source / "rust", folder / "rust", ignore=PRODUCTS, dirs_exist_ok=True)
    return folder


def build(environment):
    """All of it, for the kernel of the environment; returns the folder that the guest is given."""
    guest = FOLDER / "guest"
    (guest / "inc").mkdir(parents=True, exist_ok=True)
    for name, target in (("as-built", guest), ("inc", guest / "inc")):
        folder = copied(module.PROJECT, FOLDER / name)
        if name == "inc":
            file = folder / COUNTER
            file.write_text(counting_by_instruction(file.read_text(encoding="utf-8")),
                            encoding="utf-8")
        shutil.copy2(module.build(environment, folder), target)
    folder = FOLDER / "contenders"
    shutil.copytree(SOURCE / "contenders", folder, dirs_exist_ok=True)
    module.run_make(environment, folder, "modules")
    shutil.copy2(folder / "nsmux_contenders.ko", guest)
    for path in [*SOURCE.glob("*.py"), SENDMMSG, CODES]:
        shutil.copy2(path, guest)
    for name in LIBRARIES:
        compile_library(environment, SOURCE / f"{name}.c", guest)
    return guest
