#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Builds the documentation as HTML: the texts with Sphinx, the Rust items with rustdoc."""

import shutil
import sys

from checks import rust_sources, tool_sources
from checks.documentation import sphinx_command
from checks.sources import PROJECT, Sources
from environment import provision
from environment.failure import Failure, report
from kernel_module import scratch

OUTPUT = PROJECT / "build/html"


def main():
    """All of it; any warning is an error."""
    sources = Sources(provision.ready())
    OUTPUT.mkdir(parents=True, exist_ok=True)
    doctrees = OUTPUT.parent / "doctrees"
    problems = sources.findings(sphinx_command(sources.environment, OUTPUT, doctrees))
    with scratch.copy(sources.environment) as directory:
        problems += rust_sources.document(sources, directory, OUTPUT / "rust")
    place, found = tool_sources.document(sources.environment)
    problems += found
    if problems:
        raise Failure("the documentation has errors:\n" + "\n".join(problems))
    shutil.copytree(place, OUTPUT / "tool", dirs_exist_ok=True)
    for page in ("index.html", "rust/nsmux/index.html", "tool/nsmux/index.html"):
        print(OUTPUT / page)


if __name__ == "__main__":
    sys.exit(report(main))
