# SPDX-License-Identifier: GPL-2.0
"""The compiler's command for the crate, as Kbuild has run it, to be run on it in other ways."""

import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from environment.failure import Failure
from kernel_module.module import PROJECT

ROOT = "rust/nsmux_main.rs"

# rustc's last words, which are about the errors before.
SUMMARY = re.compile(r"aborting due to")


@dataclass
class Command:
    """The environment of the command, and its arguments but for what it reads and writes."""

    variables: dict
    arguments: list

    def run_by(self, program, *arguments):
        """The same for a program that takes the compiler's arguments, and these."""
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        return ["env"] + variables + [program] + self.arguments + list(arguments)


def command(directory, root=ROOT):
    """The command with which the crate in a directory was compiled.

    Kbuild leaves it in a file beside what it has built.
    """
    left = directory / Path(root).with_name(f".{Path(root).stem}.o.cmd")
    saved = left.read_text().splitlines()[0]
    words = shlex.split(saved.partition(":=")[2].replace("$(pound)", "#").partition(";")[0])
    place = next(i for i, word in enumerate(words) if "rustc" in word.rpartition("/")[2])
    variables = dict(word.split("=", 1) for word in words[:place])
    variables["NSMUX_VERSION"] = version()
    variables["NSMUX_BINDINGS"] = str(directory / "rust/bindings/bindings_generated.rs")
    arguments = [word for word in without_output(words[place + 1:]) if not word.endswith(root)]
    return Command(variables, arguments)


def compile_with(environment, directory, modules, *arguments, replace=None):
    """Compiles the crate in a directory, and modules with it that are elsewhere.

    Arguments that are in `replace` are replaced. Returns the errors, as the compiler tells them to
    programs.
    """
    root = directory / "rust/with_modules.rs"
    added = "".join(f'#[path = "{path}"]\nmod {path.stem};\n' for path in modules)
    root.write_text((directory / ROOT).read_text(encoding="utf-8") + added, encoding="utf-8")
    known = command(directory)
    known.arguments = [(replace or {}).get(word, word) for word in known.arguments]
    run = known.run_by(
        "rustc", root, "--out-dir", directory, "--cap-lints", "allow", "--error-format", "json",
        *arguments)
    result = environment.root.run(
        ["sh", "-c", 'cd "$0" && exec "$@"', directory] + run, [directory],
        check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    found = [json.loads(line) for line in result.stderr.splitlines() if line.startswith(b"{")]
    errors = [error for error in found
              if error["level"].startswith("error") and not SUMMARY.match(error["message"])]
    if (result.returncode == 0) == bool(errors):
        raise Failure(f"the compiler could not be run, exit status {result.returncode}:\n"
                      + result.stderr.decode(errors="replace"))
    return errors


def texts(errors):
    """The errors as the compiler shows them to people."""
    return "".join(error["rendered"] for error in errors)


def without_output(arguments):
    """Without the options that say what the compiler writes and where, and their values."""
    kept = []
    skip = False
    for word in arguments:
        if not skip and word != "--out-dir" and not word.startswith("--emit="):
            kept.append(word)
        skip = word == "--out-dir"
    return kept


def version():
    """The module's version, from the one place where it stands."""
    text = (PROJECT / "Kbuild").read_text()
    return re.search(r"^NSMUX_VERSION := (\S+)$", text, re.MULTILINE).group(1)
