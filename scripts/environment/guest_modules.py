# SPDX-License-Identifier: GPL-2.0
"""The kernel modules that the tests ask for, as a cpio.

`tests/config` names options, as kselftest wants it; the kernel's makefiles say which modules an
option builds. They are stored unpacked, since the guest's emulated processor is slow at that.
"""

import lzma
import re
import shutil
import subprocess
from pathlib import Path

from environment import cpio
from environment.cache import digest
from environment.logged import run_logged

# What the harness itself needs where a kernel has it as a module.
TRANSPORT = ("VIRTIO_PCI", "VIRTIO_CONSOLE", "VIRTIO")

OBJECTS = re.compile(r"^obj-\$\(CONFIG_(\w+)\)\s*[+:]?=(.*)$", re.MULTILINE)


def read_options(*files):
    """The names of the options that configuration fragments switch on."""
    options = set()
    for file in files:
        options.update(re.findall(r"^CONFIG_(\w+)=[ym]$", file.read_text(), re.MULTILINE))
    return options


def normalised(name):
    """The kernel treats - and _ in a module's name alike."""
    return name.replace("-", "_")


def modules_of(source, options):
    """The names of the modules that the makefiles build for these options."""
    names = set()
    for folder in ("net", "drivers", "lib", "crypto", "fs"):
        for makefile in (source / folder).rglob("Makefile"):
            text = makefile.read_text().replace("\\\n", " ")
            for option, objects in OBJECTS.findall(text):
                if option in options:
                    names.update(
                        normalised(name[:-2]) for name in objects.split() if name.endswith(".o")
                    )
    return names


def unpack(root, path):
    """The module's content, whatever it was packed with."""
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return root.run(["zstd", "-dc", path], stdout=subprocess.PIPE).stdout
    return path.read_bytes()


def needs(content):
    """The modules that a module names as needed before it."""
    found = []
    for field in re.findall(rb"\0(?:depends|softdep=pre:)=?([^\0]*)\0", content):
        found += re.split(r"[, ]+", field.decode())
    return [normalised(name) for name in found if name and ":" not in name]


def collect(root, modules, wanted):
    """Name in the module directory -> content, for the wanted modules and all they need."""
    available = {normalised(path.name.split(".ko")[0]): path for path in modules.rglob("*.ko*")}
    found, queue = {}, [name for name in wanted if name in available]
    while queue:
        path = available.get(queue.pop())
        if path is None:
            continue
        name = path.relative_to(modules).with_name(path.name.split(".ko")[0] + ".ko")
        if name not in found:
            found[name] = unpack(root, path)
            queue += needs(found[name])
    return found


def key(image_key, tree, config):
    """Changes with anything that changes the result."""
    options = sorted(read_options(config)) if config.exists() else []
    return digest(Path(__file__), Path(cpio.__file__), image_key, tree, options)


def build(path, root, tree, modules, config, log, lock):
    """Writes the archive at `path`: `modules` is the kernel's own directory of them."""
    path.mkdir()
    options = read_options(config) if config.exists() else set()
    wanted = modules_of(tree, options | set(TRANSPORT))
    staging = path / "staging"
    base = staging / "lib/modules" / modules.name
    base.mkdir(parents=True)
    for name, content in collect(root, modules, wanted).items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(content)
    # depmod reads these; not every kernel's packages have them all.
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        if (modules / name).exists():
            (base / name).write_bytes((modules / name).read_bytes())
    run_logged(root.command(["depmod", "-b", staging, modules.name]), log, lock)
    with cpio.Archive(path / "cpio") as archive:
        archive.tree(f"usr/lib/modules/{modules.name}", base)
    shutil.rmtree(staging)
