# SPDX-License-Identifier: GPL-2.0
"""Keeps the results of all runs on one kernel, and writes them into the documentation."""

import json
from dataclasses import asdict

from kernel_module.module import PROJECT
from upstream import table
from upstream.result import Result

KEPT = PROJECT / "build/upstream/results.json"
TABLE = PROJECT / "Documentation/testing/upstream.table"


def read(release):
    """What is kept of this kernel: of another one nothing is."""
    if KEPT.exists():
        kept = json.loads(KEPT.read_text(encoding="utf-8"))
        if kept["release"] == release:
            return kept
    return {"release": release, "modes": {}}


def keep(release, mode, run):
    """Keeps the results of a run so far; of a test that was run before, the last one counts."""
    kept = read(release)
    place = kept["modes"].setdefault(mode, {"results": {}, "watched": {}, "trouble": []})
    place["results"].update({name: asdict(made) for name, made in run.results.items()})
    write(kept)


def keep_end(release, mode, run):
    """Keeps what a run told at its end."""
    keep(release, mode, run)
    kept = read(release)
    place = kept["modes"][mode]
    for what, number in run.watched.items():
        if isinstance(number, int):
            place["watched"][what] = place["watched"].get(what, 0) + number
        else:
            place["watched"].setdefault(what, {}).update(number)
    place["trouble"] += run.trouble
    write(kept)


def write(kept):
    """Writes what is kept."""
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def results(kept, mode):
    """Name -> result of one mode."""
    found = kept["modes"].get(mode, {"results": {}})["results"]
    return {name: Result(**fields) for name, fields in found.items()}


def write_table(kept):
    """Writes what is kept into the documentation."""
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    modes = {mode: results(kept, mode) for mode in kept["modes"]}
    watched = {mode: kept["modes"][mode]["watched"] for mode in kept["modes"]}
    TABLE.write_text(table.text(kept["release"], modes, watched), encoding="utf-8")
