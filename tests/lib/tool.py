# SPDX-License-Identifier: GPL-2.0
"""The command-line tool nsmux, run as a person or a program runs it."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import jsonschema
from net.lib.py import KsftSkipEx, ksft_eq, ksft_in
from .patience import stretched

SCHEMA = json.loads(Path(__file__).with_name("tool_output.json").read_text(encoding="utf-8"))

# What the exit statuses mean.
FOUND, NOT_FOUND, USAGE, NOT_ALLOWED, NO_MODULE, FAILED = range(6)

# Longer than any command takes that ends by itself.
PATIENCE = 60


def path():
    """Where the tool is."""
    found = shutil.which("nsmux")
    if found is None:
        raise KsftSkipEx("nsmux, the command-line tool, is not in PATH")
    return found


@dataclass
class Result:
    """How a run ended."""

    status: int
    text: str
    errors: str


def environment(**changes):
    """The environment of a run; what is None is left out."""
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def run(*arguments, become=None, within=None, **variables):
    """Run it with these arguments; as somebody else, within a namespace."""
    def start():
        return subprocess.run([path(), *map(str, arguments)], timeout=stretched(PATIENCE),
                              text=True, capture_output=True, check=False, preexec_fn=become,
                              env=environment(**variables))
    if within is None:
        ended = start()
    else:
        with within.enter():
            ended = start()
    return Result(ended.returncode, ended.stdout, ended.stderr)


def start(*arguments, within=None, **options):
    """Start it, to be talked with while it runs."""
    def popen():
        return subprocess.Popen([path(), *map(str, arguments)], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if within is None:
        return popen()
    with within.enter():
        return popen()


def closed(schema):
    """The same, in which no object may have a property that it does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: closed(part) for name, part in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        parts.setdefault("additionalProperties", False)
    return parts


def check_documented(value, command):
    """It is what is documented of that command's output, and nothing else."""
    whole = dict(closed(SCHEMA), **{"$ref": f"#/$defs/{command}"})
    jsonschema.validate(value, whole)


def ask(*arguments, command=None, expected=FOUND, **options):
    """What it writes with --json, checked to be as documented."""
    result = run(*arguments, "--json", **options)
    ksft_eq(result.status, expected, result.errors)
    value = json.loads(result.text)
    check_documented(value, command or arguments[0])
    return value


def check_fails(result, status, *words):
    """It said that, on standard error alone, and what to do."""
    ksft_eq(result.status, status, result.errors)
    ksft_eq(result.text, "")
    for word in words:
        ksft_in(word, result.errors)
