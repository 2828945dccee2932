# SPDX-License-Identifier: GPL-2.0
"""Runs tests in a guest in one mode, and collects what it tells of each."""

import json
import secrets
import shutil
from dataclasses import asdict, dataclass, field

from kernel_module.module import MODULE, PROJECT
from machine import boot
from machine.session import Limits
from upstream import counted, result

PLACE = "nsmux/upstream"
PROGRAMS = PROJECT / "scripts/guest_upstream"
OUTPUTS = PROJECT / "build/upstream"
MEGABYTES = 4096
# So many at a time: most of what a test does is to wait.
AT_ONCE = 4
# What booting takes, and what is not a test's time.
SECONDS_MORE = 600
# The guest says every few seconds that it is alive, once it has booted.
SILENCE = 240
# Setting namespaces up and tearing them down logs nothing; a stall in emulation is not a mistake.
BOOT = "watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120"


@dataclass
class Run:
    """All that is known of one mode."""

    results: dict = field(default_factory=dict)
    # What was counted in namespaces that had no name when they went, and in the initial one.
    watched: dict = field(default_factory=dict)
    trouble: list = field(default_factory=list)


class Reader:
    """Takes the guest's output, a JSON object a line."""

    def __init__(self, mode, run, on_result, on_line=print):
        self.mode, self.run, self.on_result, self.on_line = mode, run, on_result, on_line
        self.rest = b""

    def take(self, data):
        """Takes bytes as they come."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            try:
                told = json.loads(line)
            except ValueError:
                self.on_line(f"# {line.decode(errors='replace')}")
                continue
            self.tell(told)

    def tell(self, told):
        """Takes one object."""
        if "watched" in told:
            readings = counted.latest(told["watched"])
            self.run.watched = asdict(counted.total(readings))
        if "name" not in told:
            return
        name = told["name"]
        made = result.from_guest(told)
        self.run.results[name] = made
        self.on_result(self.run)
        self.keep(name, told["output"] + "\n" + told["counts"])
        self.on_line(f"# {self.mode}: {made.verdict} {name} ({made.seconds} s, {made.passed} of "
                     f"{made.passed + made.failed + made.skipped} parts passed)")

    def keep(self, name, text):
        """Keeps what a test wrote, for who wants to know why it failed."""
        place = OUTPUTS / self.mode / f"{name.replace('/', '_').replace(' ', '_')}.log"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def run(environment, mode, tests, on_result):
    """Runs the tests in the mode `none`, which is without the module, or one of the module's.
    After each, `on_result` gets all there is so far."""
    made = Run()
    scratch = environment.cache.path / "runs" / f"upstream-{secrets.token_hex(8)}"
    shutil.copytree(PROGRAMS, scratch)
    try:
        (scratch / "tests.json").write_text(json.dumps([asdict(test) for test in tests]),
                                            encoding="utf-8")
        seconds = sum(test.seconds for test in tests) + SECONDS_MORE
        boot.boot(environment, boot.Run(
            command=[f"/{PLACE}/run.py", mode, str(AT_ONCE)],
            contents=[("nsmux/nsmux.ko", PROJECT / MODULE), (PLACE, scratch),
                      (f"{PLACE}/tree", environment.tests / "tree")],
            limits=Limits(seconds, SILENCE),
            boot=BOOT, megabytes=MEGABYTES,
        ), Reader(mode, made, on_result).take, made.trouble.append)
    finally:
        shutil.rmtree(scratch)
    return made
