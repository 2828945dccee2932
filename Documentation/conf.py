# SPDX-License-Identifier: GPL-2.0
"""How Sphinx builds this documentation; see `make doc`."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SPEC = Path(__file__).parent / "netlink/specs/nsmux.yaml"
KBUILD = (Path(__file__).parent.parent / "Kbuild").read_text(encoding="utf-8")

project = "nsmux"
copyright = "the nsmux developers"
author = "the nsmux developers"
release = re.search(r"^NSMUX_VERSION := (\S+)$", KBUILD, re.MULTILINE).group(1)
version = release

exclude_patterns = ["_build", "netlink"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Socket lookup per network namespace, as a mux of two levels",
    "fixed_sidebar": True,
    "page_width": "1200px",
}
html_show_sourcelink = False
nitpicky = True


def setup(app):
    """The reference of the netlink family is written by the kernel's own generator."""
    app.add_config_value("kernel_tree", None, "env", [str])
    app.connect("source-read", insert_reference)


def insert_reference(app, name, source):
    """Puts the reference in the place of the page that stands for it."""
    if name != "family" or not app.config.kernel_tree:
        return
    generator = Path(app.config.kernel_tree) / "tools/net/ynl/pyynl/ynl_gen_rst.py"
    with tempfile.NamedTemporaryFile(mode="r", suffix=".rst") as reference:
        command = [sys.executable, generator, "-i", SPEC, "-o", reference.name]
        subprocess.run(command, check=True)
        # The kernel's documentation has a parser of its own for the lines that say whence they are.
        source[0] = re.sub(r"^\.\. LINENO \d+\n", "", reference.read(), flags=re.MULTILINE)
