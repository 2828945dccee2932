# SPDX-License-Identifier: GPL-2.0
"""Writes what was measured into the documentation, whose texts take their figures from there.

Of each part there is the table as a person is shown it, the picture, and its figures by name:
``|packets observe udp ipv4 veth|`` in a text is what was measured last.
"""

from bench import surroundings
from bench.reached import goal_lines
from kernel_module.module import PROJECT

FOLDER = PROJECT / "Documentation/performance"
HEAD = ".. SPDX-License-Identifier: GPL-2.0\n.. Written by make {}. Do not edit.\n\n"


def write(parts, results):
    """All of it; `parts` are those that results.json can have, by their names."""
    FOLDER.mkdir(exist_ok=True)
    figures, goals = {}, []
    for name, part in results["parts"].items():
        module = parts[name]
        others = beside(module, results["parts"])
        put(f"{name}.table", module.table(part, *others))
        (FOLDER / f"{name}.svg").write_text(module.picture(part, *others), encoding="utf-8")
        figures |= {f"{name} {key}": text for key, text in module.figures(part, *others).items()}
        goals += module.goals(part)
    put("goals.table", [*surroundings.lines(results["machine"]), *goal_lines(goals)])
    put_figures("time", "bench", figures)


def beside(module, parts):
    """The other parts whose figures a part shows beside its own, each if it was measured."""
    return [parts.get(name) for name in getattr(module, "BESIDE", ())]


def put(name, lines):
    """Writes what a person is shown."""
    (FOLDER / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def put_figures(page, target, figures):
    """Writes what a page has by names."""
    (FOLDER / f"{page}-figures.txt").write_text(HEAD.format(target) + "".join(
        f".. |{key}| replace:: {text}\n" for key, text in sorted(figures.items())),
        encoding="utf-8")
