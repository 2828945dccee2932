# SPDX-License-Identifier: GPL-2.0
"""Counts the instructions of packets, in QEMU with the stock kernel: one guest for each family."""

import json
from concurrent.futures import ThreadPoolExecutor

from bench import contenders, guest
from bench.figures import FAMILIES, Figures
from environment.failure import Failure
from environment.progress import step
from kernel_module import module


def of_family(environment, family, contents):
    """The figures of one family, from a guest of its own."""
    output = bytearray()
    status = guest.run(environment, "quick.py", family, contents=contents,
                       on_output=output.extend)
    text = output.decode(errors="replace")
    if status != 0:
        raise Failure(f"the guest that measures IPv{family} failed:\n{text}")
    return json.loads(text)


def counted(environment):
    """Builds the modules, boots, counts."""
    module.build(environment)
    contents = contenders.build(environment)
    guest.prepared(environment)
    with step("counting instructions in two guests, about 100 s"), ThreadPoolExecutor() as pool:
        return Figures.merged(
            pool.map(lambda family: of_family(environment, family, contents), FAMILIES))
