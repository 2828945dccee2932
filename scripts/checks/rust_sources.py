# SPDX-License-Identifier: GPL-2.0
"""Checks of the Rust sources of the module."""

import re
import shlex
import shutil
import tempfile
from pathlib import Path

from checks.sources import PROJECT
from kernel_module import module

ROOT = "rust/nsmux_main.rs"

# What the compiler is told that rustdoc does not know.
NOT_FOR_RUSTDOC = re.compile(r"-Zbinary_dep_depinfo|--emit=|-Zpatchable|-Zfunction-return")


def formatting(sources):
    """rustfmt, as the kernel configures it."""
    config = sources.environment.tree / ".rustfmt.toml"
    others = [path for path in sources.ending(".rs")
              if (PROJECT / "rust") not in path.parents and (PROJECT / "tools") not in path.parents]
    command = ["rustfmt", "--check", "--edition", "2021", "--config-path", config]
    return sources.findings(command + [ROOT] + others)


def in_scratch(sources, use):
    """Calls `use` with a copy of what Kbuild needs, so that the project's own build stays."""
    runs = sources.environment.cache.path / "runs"
    with tempfile.TemporaryDirectory(dir=runs, prefix="check-") as scratch:
        shutil.copy(PROJECT / "Kbuild", scratch)
        ignored = shutil.ignore_patterns("*.o", ".*.cmd", "*_generated.rs")
        shutil.copytree(PROJECT / "rust", Path(scratch) / "rust", ignore=ignored)
        return use(Path(scratch))


def clippy(sources):
    """clippy, as the kernel runs it: with CLIPPY=1 on the command line of make."""
    def use(scratch):
        text = module.run_make(sources.environment, scratch, "modules", variables=["CLIPPY=1"])
        return text.replace(f"{scratch}/", "").splitlines()

    return in_scratch(sources, use)


def documentation(sources):
    """rustdoc of all items, private ones too, without a warning."""
    return in_scratch(sources, lambda scratch: document(sources, scratch, scratch / "doc")[1])


def document(sources, scratch, output):
    """Writes the Rust documentation of the module in `scratch`; returns status and messages.

    rustdoc gets what Kbuild gave the compiler: its command is in the file that Kbuild leaves.
    """
    module.run_make(sources.environment, scratch, "modules")
    saved = (scratch / "rust/.nsmux_main.o.cmd").read_text().splitlines()[0]
    words = shlex.split(saved.partition(":=")[2].replace("$(pound)", "#").partition(";")[0])
    place = next(i for i, word in enumerate(words) if "rustc" in word.rpartition("/")[2])
    variables = dict(word.split("=", 1) for word in words[:place])
    variables["NSMUX_VERSION"] = version()
    variables["NSMUX_BINDINGS"] = str(scratch / "rust/bindings/bindings_generated.rs")
    # Links to C headers are links into the tree, on the web.
    arguments = [word for word in words[place + 1:] if not NOT_FOR_RUSTDOC.match(word)]
    arguments = ["rust/nsmux_main.rs" if word.endswith("nsmux_main.rs") else word
                 for word in drop_output(arguments)]
    command = ["env"] + [f"{name}={value}" for name, value in variables.items()]
    command += ["rustdoc"] + arguments
    command += ["--document-private-items", "--crate-name", "nsmux", "--output", output,
                # Private items are in there too, and may be referred to.
                "-Dwarnings", "-Arustdoc::private-intra-doc-links"]
    status, lines = sources.run(command, scratch, paths=[scratch])
    return status, lines if status else []


def drop_output(arguments):
    """Without the options that say where the compiler writes, and their values."""
    kept = []
    skip = False
    for word in arguments:
        if not skip and word != "--out-dir":
            kept.append(word)
        skip = word == "--out-dir"
    return kept


def version():
    """The module's version, from the one place where it stands."""
    text = (PROJECT / "Kbuild").read_text()
    return re.search(r"^NSMUX_VERSION := (\S+)$", text, re.MULTILINE).group(1)
