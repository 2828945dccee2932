# SPDX-License-Identifier: GPL-2.0
"""How Sphinx builds this documentation; see `make doc`."""

import re
from pathlib import Path

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
