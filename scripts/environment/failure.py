# SPDX-License-Identifier: GPL-2.0
"""The one kind of error that a person sees: what is wrong, and what to do about it."""

import sys


class Failure(Exception):
    """An error that the person at the keyboard can do something about."""

    def __init__(self, problem, advice=""):
        super().__init__(problem)
        self.problem = problem
        self.advice = advice


class CommandFailure(Failure):
    """A command of the set-up failed; `output` is what it wrote."""

    def __init__(self, problem, advice, output):
        super().__init__(problem, advice)
        self.output = output


def report(run):
    """Runs `run` and turns its result into an exit status, a failure into a message."""
    try:
        return run() or 0
    except Failure as failure:
        print(f"nsmux: {failure.problem}", file=sys.stderr)
        if failure.advice:
            print(f"       {failure.advice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("nsmux: interrupted", file=sys.stderr)
        return 130
