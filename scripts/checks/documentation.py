# SPDX-License-Identifier: GPL-2.0
"""Checks of the texts in Documentation."""

import tempfile


def sphinx_command(output, doctrees):
    """Builds the texts as HTML; any warning is an error."""
    return ["sphinx-build", "-q", "-W", "--keep-going", "-d", doctrees, "Documentation", output]


def sphinx(sources):
    """The texts can be built without a warning."""
    runs = sources.environment.cache.path / "runs"
    with tempfile.TemporaryDirectory(dir=runs, prefix="check-") as scratch:
        return sources.findings(sphinx_command(f"{scratch}/html", f"{scratch}/doctrees"))
