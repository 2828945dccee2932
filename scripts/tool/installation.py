# SPDX-License-Identifier: GPL-2.0
"""Installs the tool with its manual pages and completions, and removes them again."""

import subprocess
import tempfile
from pathlib import Path

from environment.failure import Failure

PROGRAM = "bin/nsmux"
MANUAL = "share/man/man8"
COMPLETIONS = {
    "bash": "share/bash-completion/completions/nsmux",
    "zsh": "share/zsh/site-functions/_nsmux",
    "fish": "share/fish/vendor_completions.d/nsmux.fish",
}


def below(destination, prefix):
    """Where the prefix is, seen from here."""
    return Path(destination + "/" + prefix if destination else prefix).resolve()


def put(place, content, mode):
    """Writes one file; what was there before stays usable until the new one is complete."""
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(place.name + ".partial")
    partial.write_bytes(content)
    partial.chmod(mode)
    partial.rename(place)
    print(place)


def install(built, prefix, destination=""):
    """Puts everything where programs look for it below a prefix."""
    base = below(destination, prefix)
    try:
        put(base / PROGRAM, built.read_bytes(), 0o755)
        for shell, place in COMPLETIONS.items():
            script = subprocess.run([built, "completions", shell], check=True,
                                    stdout=subprocess.PIPE).stdout
            put(base / place, script, 0o644)
        with tempfile.TemporaryDirectory() as pages:
            subprocess.run([built, "man", pages], check=True)
            for page in sorted(Path(pages).iterdir()):
                put(base / MANUAL / page.name, page.read_bytes(), 0o644)
    except PermissionError as error:
        raise not_allowed(error, base) from error


def remove(prefix, destination=""):
    """Removes what `install` put there."""
    base = below(destination, prefix)
    places = [base / PROGRAM] + [base / place for place in COMPLETIONS.values()]
    places += sorted((base / MANUAL).glob("nsmux.8")) + sorted((base / MANUAL).glob("nsmux-*.8"))
    try:
        for place in places:
            if place.exists():
                place.unlink()
                print(f"removed {place}")
    except PermissionError as error:
        raise not_allowed(error, base) from error


def not_allowed(error, base):
    """What to do when this user may not write there."""
    return Failure(f"cannot change what is in {base}: {error}",
                   "Run it as root (sudo make install), or set PREFIX or DESTDIR to a directory "
                   "of your own.")
