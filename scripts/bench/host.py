# SPDX-License-Identifier: GPL-2.0
"""Measures on the running kernel instead of user-mode Linux, for who has a machine for that."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from bench import turns
from bench.guest import BUILD, SENDMMSG, SOURCE
from bench.uml_build import CODES, LIBRARIES, copied
from environment.failure import Failure
from environment.progress import step
from kernel_module import foreign_tree, module

FOLDER = BUILD / "host"
CONTENDERS = "nsmux_contenders"
MODULES = (module.MODULE, f"{CONTENDERS}.ko")
# What nsmux and the hooks in C are loaded, measured and unloaded with.
TOOLS = ("insmod", "rmmod", "modprobe", "modinfo", "ip", "nft")
COMPILER = ("cc", "-O2", "-Wall", "-shared", "-fPIC", "-o")
LOADED = Path("/proc/modules")
SIGNED = Path("/sys/module/module/parameters/sig_enforce")
TAINTED = Path("/proc/sys/kernel/tainted")
# The kernel has complained, or worse.
COMPLAINED = {7: "it has died in one place", 9: "it has warned"}
WORD = "yes"


def tree():
    """What modules for the running kernel are built with."""
    return Path("/lib/modules") / os.uname().release / "build"


def check(built):
    """Refuses to begin where this cannot end well: first for what nobody at the keyboard changes.
    With modules that are built already, the kernel's tree need not be there."""
    if platform.machine() != "x86_64":
        raise Failure("HOST=1 takes times by the time stamp counter of x86-64; this machine is "
                      f"{platform.machine()}")
    if not built:
        check_tree(tree())
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise Failure(f"HOST=1 needs these programs, which are missing: {', '.join(missing)}",
                      "They are in the packages kmod, iproute2 and nftables.")
    if not hasattr(os, "unshare"):
        raise Failure("HOST=1 needs Python 3.12 or later, which makes namespaces; this is "
                      f"{platform.python_version()}")
    if built:
        check_built(built)
    if os.geteuid() != 0:
        raise Failure("HOST=1 loads kernel modules, which takes root",
                      "Run: sudo make bench HOST=1")
    there = {line.split()[0] for line in LOADED.read_text(encoding="ascii").splitlines()}
    for name in (Path(built).stem for built in MODULES):
        if name in there:
            raise Failure(f"{name} is loaded already, and maybe in use",
                          f"Unload it first: rmmod {name}")
    if SIGNED.exists() and SIGNED.read_text(encoding="ascii").strip() == "Y":
        raise Failure("this kernel loads signed modules only",
                      "Boot it without Secure Boot and without module.sig_enforce.")


def check_built(folder):
    """The modules are there, and for this kernel."""
    missing = [name for name in MODULES if not (folder / name).exists()]
    if missing:
        raise Failure(f"{folder} has no {' and no '.join(missing)}")
    for name in MODULES:
        release = subprocess.run(["modinfo", "-F", "vermagic", folder / name], check=True,
                                 stdout=subprocess.PIPE, text=True).stdout.split()[0]
        if release != os.uname().release:
            raise Failure(f"{name} is built for Linux {release}; this is {os.uname().release}")


def check_tree(path):
    """Rust modules can be built for the running kernel."""
    if not path.exists():
        raise Failure(f"no modules can be built for the running kernel: {path} is missing",
                      "nsmux is in Rust: it takes a kernel with CONFIG_RUST=y and the tree that it "
                      "was built in.\n       make bench, without HOST=1, needs neither.")
    foreign_tree.check(path)
    if shutil.which(COMPILER[0]) is None:
        raise Failure("HOST=1 needs a C compiler, cc, which is missing")


def question(minutes):
    """What is about to happen."""
    told = f"{minutes:.0f} minutes" if minutes > 1.5 else "a minute"
    return f"""
This loads nsmux.ko and nsmux_contenders.ko into the running kernel, {os.uname().release}, and
unloads them, again and again. They are no part of that kernel, and a mistake in them can bring down
the machine: save your work. The kernel is tainted (O) until the next boot.

Packets are sent in network namespaces that are made for it, and end with it. No other namespace
gets a hook, a device, an address or a route. nf_socket_ipv4, nf_socket_ipv6 and nft_socket may be
loaded from the kernel's own modules.

It takes about {told}, in which the machine should have nothing else to do.
Type {WORD} to begin: """


def agreed(minutes):
    """Whether somebody has typed so, after having been told."""
    if not sys.stdin.isatty():
        raise Failure("HOST=1 asks before it loads a module, and there is no terminal to answer at")
    print(question(minutes), end="", flush=True)
    return sys.stdin.readline().strip() == WORD


def built_here():
    """Builds both modules for the running kernel."""
    with step("building nsmux for the running kernel"):
        found = [foreign_tree.build(tree(), copied(module.PROJECT, FOLDER / "module"))]
        folder = FOLDER / "contenders"
        shutil.copytree(SOURCE / "contenders", folder, dirs_exist_ok=True)
        foreign_tree.make(tree(), folder)
        return [*found, folder / MODULES[1]]


def prepared(built):
    """The folder with all that is run."""
    modules = [built / name for name in MODULES] if built else built_here()
    folder = FOLDER / "run"
    (folder / "inc").mkdir(parents=True, exist_ok=True)
    for path in [*modules, *SOURCE.glob("*.py"), SENDMMSG, CODES]:
        shutil.copy2(path, folder)
    # It counts by an instruction as it is.
    shutil.copy2(modules[0], folder / "inc")
    for name in LIBRARIES:
        library = (built or folder) / f"{name}.so"
        if built:
            shutil.copy2(library, folder)
        else:
            subprocess.run([*COMPILER, library, SOURCE / f"{name}.c"], check=True)
    return folder


def complaints(before):
    """What the kernel has come to since."""
    now = int(TAINTED.read_text(encoding="ascii"))
    return [text for bit, text in COMPLAINED.items() if now & ~before & 1 << bit]


def run(folder, program, number):
    """One run: its turns, and what it says last."""
    before = int(TAINTED.read_text(encoding="ascii"))
    result = subprocess.run(
        [sys.executable, "-B", folder / "on_host.py", program, folder, str(number)], check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = result.stdout.decode(errors="replace").splitlines()
    bad = complaints(before)
    if bad:
        raise Failure(f"the kernel complains of {program}: {', '.join(bad)}", "dmesg has more.")
    return turns.told(lines, program)


def measured(folder, program, runs, number):
    """The turns of each run, and what the last one says of itself."""
    found, last = [], None
    for _ in range(runs):
        figures, last = run(folder, program, number)
        found.append(figures)
    return found, dict(last, where="Linux", each="runs")
