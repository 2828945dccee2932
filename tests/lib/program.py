# SPDX-License-Identifier: GPL-2.0
"""What every test program does when it is run."""

from net.lib.py import ksft_exit, ksft_run
from . import kernel_module


def cases_of(names):
    """The test cases in a module's namespace, in the order they stand there.

    ksft_run() can look for them itself, but passes over those that have
    variants, and is content when it finds none at all.
    """
    cases = [case for name, case in names.items() if name.startswith("test_")]
    if not cases:
        raise RuntimeError("no test cases")
    return cases


def run(names, *args):
    """Run the cases of a program that needs the module, and exit."""
    with kernel_module.required():
        ksft_run(cases_of(names), args=args)
    ksft_exit()


def run_alone(names, load_first=False):
    """Run the cases of a program that loads and unloads the module, and exit.

    Nobody else uses it meanwhile. The cases begin with what there is, or
    with the module loaded.
    """
    with kernel_module.exclusive():
        if load_first and not kernel_module.loaded():
            kernel_module.insmod()
        ksft_run(cases_of(names))
    ksft_exit()
