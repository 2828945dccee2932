# SPDX-License-Identifier: GPL-2.0
"""Goals of time, and whether they are reached."""

from dataclasses import dataclass

from bench.intervals import shown


@dataclass(frozen=True)
class Goal:
    """What is to be reached, in words, and what was measured: a median and its interval."""

    name: str
    limit: str
    figure: dict
    is_reached: bool

    @classmethod
    def at_least(cls, least, name, figure):
        """A figure that should be large, as far as it is shown."""
        return cls(name, f"at least {least:g}", figure, round(figure["median"], 2) >= least)

    @classmethod
    def at_most(cls, most, name, figure):
        """One that should be small."""
        return cls(name, f"at most {most:g}", figure, round(figure["median"], 2) <= most)

    @property
    def verdict(self):
        """In a word."""
        return "reached" if self.is_reached else "missed"


def goal_lines(goals):
    """A table for a person."""
    yield f"{'goal':<60}{'':>14}{'now':>30}"
    for goal in goals:
        decimals = ",.0f" if goal.figure["median"] >= 100 else ".3f"
        yield (f"{goal.name:<60}{goal.limit:>14}{shown(goal.figure, decimals):>30}  "
               f"{goal.verdict}")
