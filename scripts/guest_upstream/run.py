#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs the kernel's selftests in the guest, several at a time, and says how each ended.

Each line of the output is a JSON object: a test with its exit status, what it wrote, and what
nsmux counted in its namespaces.
"""

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULE = "/nsmux/nsmux.ko"
LOADED = Path("/sys/module/nsmux")
TAINTED = Path("/proc/sys/kernel/tainted")
# What is told of a test's output, from its end.
BYTES = 200_000
# A test whose time is up gets so long to clean up and to be counted.
SECONDS_MORE = 90
# So often the namespaces that somebody is in are looked at.
SECONDS_BETWEEN = 2

_turn = threading.Lock()


def tell(**fields):
    """One line for the host."""
    with _turn:
        print(json.dumps(fields), flush=True)


def arguments(test):
    """What runs a test in namespaces of its own."""
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
    if not test["initial"]:
        command.append("--net")
    program, *options = test["name"].split()
    return command + [str(HERE / "enter"), str(test["seconds"]),
                      f"{HERE}/tree/tools/testing/selftests/{Path(program).parent}",
                      f"./{Path(program).name}", *options]


def surroundings(test, counts):
    """The environment of a test."""
    places = f"{HERE}/bin:" + os.environ["PATH"]
    if test["slower"] > 1:
        places = f"{HERE}/slower:{places}"
    return {**os.environ, "PATH": places, "NSMUX_COUNTS": str(counts),
            "NSMUX_SLOWER": str(test["slower"]), "WAIT_TIMEOUT": "120", **test["environment"]}


def run(number, test):
    """Runs one test and tells how it ended."""
    folder = Path("/nsmux/upstream-runs") / str(number)
    folder.mkdir(parents=True)
    counts, output = folder / "counts", folder / "output"
    counts.touch()
    begin = time.monotonic()
    tell(begin=test["name"])
    with open(output, "wb") as file:
        with subprocess.Popen(arguments(test), stdin=subprocess.DEVNULL, stdout=file,
                              stderr=subprocess.STDOUT, env=surroundings(test, counts)) as child:
            try:
                status = child.wait(test["seconds"] + SECONDS_MORE)
            except subprocess.TimeoutExpired:
                # Its namespaces' first process dies with it, and all others with that one.
                child.kill()
                status = None
    tell(name=test["name"], status=status, seconds=round(time.monotonic() - begin),
         output=output.read_bytes()[-BYTES:].decode(errors="replace"),
         counts=counts.read_text(encoding="ascii"),
         tainted=int(TAINTED.read_text(encoding="ascii")))
    # The guest's memory is all the disk there is.
    output.unlink()


class Watcher(threading.Thread):
    """Looks at what nsmux counts in namespaces that have no name, while somebody is in them."""

    def __init__(self):
        super().__init__(daemon=True)
        self.last = {}
        self.done = threading.Event()

    def look(self):
        """Reads the counters of each namespace that a process is in."""
        seen = set()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                inode = (process / "ns/net").stat().st_ino
                if inode not in seen:
                    text = (process / "net/nsmux").read_text(encoding="ascii")
                    self.last[text.splitlines()[1]] = text
                    seen.add(inode)
            except (OSError, IndexError):
                # It has ended meanwhile; the next one may be in the same namespace.
                continue

    def run(self):
        while not self.done.wait(SECONDS_BETWEEN):
            if LOADED.exists():
                self.look()
            # A guest that says nothing for long is taken for dead.
            tell(alive=True)

    def end(self):
        """Stops, and tells of the initial namespace and of those that were seen."""
        self.done.set()
        self.join()
        tell(watched="".join(self.last.values()))


def main(mode, at_once):
    """Runs all tests in a mode, `none` for without the module."""
    tests = json.loads((HERE / "tests.json").read_text(encoding="utf-8"))
    if mode != "none":
        subprocess.run(["insmod", MODULE, f"mode={mode}"], check=True)
    # Its device has a name in /dev only when it is there.
    subprocess.run(["modprobe", "tun"], check=True)
    watcher = Watcher()
    watcher.start()
    numbered = list(enumerate(tests))
    with ThreadPoolExecutor(int(at_once)) as pool:
        for running in [pool.submit(run, *each) for each in numbered if not each[1]["alone"]]:
            running.result()
    for each in numbered:
        if each[1]["alone"]:
            run(*each)
    watcher.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
