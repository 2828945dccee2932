# SPDX-License-Identifier: GPL-2.0
"""Checks of the Rust sources of all modules."""

import re

from checks.sources import PROJECT
from kernel_module import compiler, designs, module, scratch

LOOKUP_ROOT = f"rust/{module.LOOKUP}_main.rs"
LOOKUP_CHOSEN = f"NSMUX_ROOT={module.LOOKUP}"

# What the compiler is told that rustdoc does not know.
NOT_FOR_RUSTDOC = re.compile(r"-Zbinary_dep_depinfo|-Zpatchable|-Zfunction-return")


def formatting(sources):
    """rustfmt, as the kernel configures it."""
    config = sources.environment.tree / ".rustfmt.toml"
    others = [path for path in sources.ending(".rs")
              if (PROJECT / "rust") not in path.parents and (PROJECT / "tools") not in path.parents]
    command = ["rustfmt", "--check", "--edition", "2021", "--config-path", config]
    roots = [compiler.ROOT, LOOKUP_ROOT, designs.SOURCE / designs.ROOT,
             *designs.IN_USER_SPACE]
    return sources.findings(command + roots + others)


def clippy(sources):
    """clippy, as the kernel runs it: with CLIPPY=1 on the command line of make."""
    with scratch.copy(sources.environment) as directory:
        text = module.run_make(sources.environment, directory, "modules", variables=["CLIPPY=1"])
        text += module.run_make(sources.environment, directory, "modules",
                                variables=["CLIPPY=1", LOOKUP_CHOSEN])
        text += module.run_make(sources.environment, directory / module.OTHERS, "modules",
                                variables=["CLIPPY=1"])
        return text.replace(f"{directory}/", "").splitlines()


def documentation(sources):
    """rustdoc of all items, private ones too, without a warning."""
    with scratch.copy(sources.environment) as directory:
        return document(sources, directory, directory / "doc")


def document(sources, directory, output):
    """Writes the Rust documentation of the modules in `directory`; returns what is wrong with it.

    rustdoc gets what Kbuild gave the compiler.
    """
    found = []
    for place, name, root, variables in (
            (directory, module.ROOT, compiler.ROOT, []),
            (directory, module.LOOKUP, LOOKUP_ROOT, [LOOKUP_CHOSEN]),
            (directory / module.OTHERS, "nsmux_bench", designs.ROOT, [])):
        module.run_make(sources.environment, place, "modules", variables=variables)
        command = compiler.command(place, root)
        command.arguments = [word for word in command.arguments
                             if not NOT_FOR_RUSTDOC.match(word)]
        status, lines = sources.run(
            command.run_by(
                "rustdoc", "--document-private-items", "--crate-name", name, "--output", output,
                # Private items are in there too, and may be referred to.
                "-Dwarnings", "-Arustdoc::private-intra-doc-links", root),
            place, paths=[directory])
        found += lines if status else []
    return found
