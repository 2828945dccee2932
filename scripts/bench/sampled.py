# SPDX-License-Identifier: GPL-2.0
"""Has user-mode Linux send packets of some kinds past some contenders, and samples it meanwhile."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field

from bench import question, turns
from bench.breakdown import RECEIVING, readable
from bench.code import Code
from bench.guest import BUILD
from bench.unwinding import Sample, Unwinder
from environment.failure import Failure
from environment.progress import step
from machine import sampler, uml

# Where stacks begin: what is received, system calls and the way to them, threads of the kernel, and
# signals of the host.
OUTERMOST = {RECEIVING, "userspace", "new_thread_handler", "hard_handler"}
# Where code and data lie is another place in each boot, and makes some functions slower.
BOOTS, SECONDS = 3, 4
BOOT, PATIENCE = 5, 20
# More samples than these that lead nowhere, as a part of all, are a mistake of ours.
LOST = 0.02


@dataclass
class Cell:
    """What was sampled while packets of a kind went past a contender."""

    # Stacks below RECEIVING -> samples.
    stacks: Counter = field(default_factory=Counter)
    samples: int = 0
    lost: int = 0
    packets: int = 0
    # Nanoseconds of the processor.
    busy: int = 0

    @property
    def worth(self):
        """Nanoseconds of a packet that a sample stands for."""
        return self.busy / self.packets / self.samples

    @property
    def times(self):
        """Stack -> nanoseconds of a packet."""
        return {stack: number * self.worth for stack, number in self.stacks.items()}

    @property
    def received(self):
        """Nanoseconds that receiving a packet takes."""
        return self.stacks.total() * self.worth

    def take(self, stack, is_whole):
        """One more sample."""
        self.samples += 1
        self.lost += not is_whole
        if is_whole and stack[0][0] == RECEIVING:
            self.stacks[stack] += 1


class Watch:
    """What the guest tells, with when it did."""

    def __init__(self):
        self.told = []

    def line(self, text):
        """One that was printed."""
        if text.startswith('{"'):
            self.told.append((time.monotonic_ns(), json.loads(text)))

    @property
    def is_done(self):
        """Whether it came to the end."""
        return bool(self.told) and "done" in self.told[-1][1]

    @property
    def modules(self):
        """Module -> where its code is."""
        return {line["module"]: int(line["text"], 16) for _, line in self.told if "module" in line}

    @property
    def windows(self):
        """(kind, contender), from when, until when, and how many packets were sent."""
        begin = None
        for when, line in self.told:
            if "begin" in line:
                begin = when
            elif "end" in line:
                yield tuple(line["end"].split()), begin, when, line["packets"]


def samples(data):
    """When each was taken, the time of the processor until then, and the sample."""
    place = 0
    while place < len(data):
        when, busy, *registers, length = sampler.HEAD.unpack_from(data, place)
        place += sampler.HEAD.size
        yield when, busy, Sample(*registers, data[place:place + length])
        place += length


def sort(watch, taken, unwinder, cells):
    """Puts the samples of a boot where they belong."""
    for name, begin, end, packets in watch.windows:
        cell = cells.setdefault(name, Cell())
        within = [(busy, sample) for when, busy, sample in taken if begin <= when <= end]
        if len(within) < 2:
            raise Failure(f"nothing was sampled of {' '.join(name)}")
        cell.packets += packets
        cell.busy += within[-1][0] - within[0][0]
        for _, sample in within:
            cell.take(*unwinder.stack(sample))


def boot(environment, folder, options, file):
    """Once; returns what the guest told. The samples are in the file then."""
    watch = Watch()
    cells = len(options.kinds) * len(options.contenders)
    lines = uml.run(
        environment, folder / "profiled.py",
        [folder, SECONDS, options.family, *question.WAYS[options.way], "--kinds", *options.kinds,
         "--contenders", *options.contenders],
        watch.line, PATIENCE * (BOOT + cells * SECONDS),
        under=[uml.PYTHON, "-B", sampler.__file__, file])
    if not watch.is_done:
        raise Failure("user-mode Linux did not come to the end:\n" + uml.shown(lines))
    return watch


def measured(stock, options):
    """(kind, contender) -> cell, of some boots."""
    environment, folder = turns.prepared(stock)
    kernel = Code.of_file(environment, environment.kernel)
    file = BUILD / "samples"
    cells = {}
    expected = BOOTS * (BOOT + len(options.kinds) * len(options.contenders) * SECONDS)
    with step(f"sampling in {BOOTS} boots, about {expected} s"):
        for _ in range(BOOTS):
            try:
                watch = boot(environment, folder, options, file)
                taken = list(samples(file.read_bytes()))
            finally:
                file.unlink(missing_ok=True)
            modules = [Code.of_file(environment, place, name, watch.modules[name])
                       for name, place in (("nsmux", folder / "inc/nsmux.ko"),
                                           ("nsmux_contenders", folder / "nsmux_contenders.ko"))]
            sort(watch, taken, Unwinder([kernel, *modules], OUTERMOST), cells)
    for name, cell in cells.items():
        check(" ".join(name), cell)
        cell.stacks = readable(environment, cell.stacks)
    return cells


def check(name, cell):
    """Fails if stacks were not found."""
    if cell.lost > LOST * cell.samples:
        raise Failure(f"{name}: {cell.lost} of {cell.samples} stacks lead nowhere",
                      "Mend scripts/bench/frames.py.")
    if not cell.stacks:
        raise Failure(f"{name}: {RECEIVING}() was never met")
