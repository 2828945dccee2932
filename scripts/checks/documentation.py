# SPDX-License-Identifier: GPL-2.0
"""Checks of the texts in Documentation."""

import tempfile


def sphinx_command(environment, output, doctrees):
    """Builds the texts as HTML; any warning is an error."""
    return ["sphinx-build", "-q", "-W", "--keep-going", "-d", doctrees,
            "-D", f"kernel_tree={environment.tree}", "Documentation", output]


def sphinx(sources):
    """The texts can be built without a warning."""
    runs = sources.environment.cache.path / "runs"
    with tempfile.TemporaryDirectory(dir=runs, prefix="check-") as scratch:
        command = sphinx_command(sources.environment, f"{scratch}/html", f"{scratch}/doctrees")
        return sources.findings(command)
