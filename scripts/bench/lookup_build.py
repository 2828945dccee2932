# SPDX-License-Identifier: GPL-2.0
"""What takes the time of lookups in user-mode Linux: nsmux's crate by its other root, with its
first level and without, and the programs that ask it."""

import shutil

from bench.guest import BUILD, SENDMMSG, SOURCE
from bench.uml_build import copied
from kernel_module import module

FOLDER = BUILD / "lookup"
# Each first level, and where in the guest's folder the module with it is.
FIRST_LEVELS = {"pointer": ".", "noop": "noop"}


def build(environment):
    """All of it, for the kernel of the environment; returns the folder that the guest is given."""
    guest = FOLDER / "guest"
    for first_level, place in FIRST_LEVELS.items():
        folder = copied(module.PROJECT, FOLDER / first_level)
        built = module.build(environment, folder, root=module.LOOKUP, first_level=first_level)
        (guest / place).mkdir(parents=True, exist_ok=True)
        shutil.copy2(built, guest / place)
    for path in [*SOURCE.glob("*.py"), SENDMMSG]:
        shutil.copy2(path, guest)
    return guest
