# SPDX-License-Identifier: GPL-2.0
"""The files of the project, and how a tool of the build root is run on them."""

import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

# The first words of a file that a generator made.
GENERATED = "Do not edit directly, auto-generated from"


class Sources:
    """The project's own files: those that git tracks or would track."""

    def __init__(self, environment):
        self.environment = environment
        listing = subprocess.run(
            ["git", "-C", PROJECT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, stdout=subprocess.PIPE,
        ).stdout.decode()
        paths = [PROJECT / name for name in listing.split("\0") if name]
        self.files = [path for path in paths if path.is_file()]

    def ending(self, *endings):
        """Those whose name ends so."""
        return [path for path in self.files if path.suffix in endings]

    def written(self, *endings):
        """The same, without those that are generated."""
        return [path for path in self.ending(*endings) if GENERATED not in path.read_text()]

    def run(self, command, directory=PROJECT, **options):
        """Runs a tool in the build root; returns its exit status and its output as lines."""
        script = ["sh", "-c", 'cd "$0" && exec "$@"', directory]
        result = self.environment.root.run(
            script + [str(part) for part in command], check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options,
        )
        return result.returncode, result.stdout.decode(errors="replace").splitlines()

    def findings(self, command, directory=PROJECT, **options):
        """What a tool says that fails when it finds something."""
        status, output = self.run(command, directory, **options)
        if status == 0:
            return []
        return output or [f"{command[0]}: exit status {status}"]
