# SPDX-License-Identifier: GPL-2.0
"""Checks of the shell scripts."""


def is_shell(path):
    """By its ending, or by its first line."""
    if path.suffix == ".sh":
        return True
    with open(path, "rb") as file:
        first = file.readline()
    return first.startswith(b"#!") and first.rstrip().endswith((b"/sh", b"bash"))


def shellcheck(sources):
    """shellcheck on every shell script."""
    scripts = [path for path in sources.files if is_shell(path)]
    return sources.findings(["shellcheck", "--severity=style"] + scripts) if scripts else []
