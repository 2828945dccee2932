# SPDX-License-Identifier: GPL-2.0
"""Checks of the Python sources."""

from checks.sources import PROJECT


def flake8(sources):
    """flake8, as .flake8 configures it."""
    return sources.findings(["flake8", "--config", PROJECT / ".flake8"] + sources.ending(".py"))


def unit_tests(sources):
    """Tests of the scripts, and of what the tests stand on, by the Python of the build root."""
    return sources.findings(
        ["python3", "-B", "-m", "unittest", "discover", "-s", "tests/host"],
        environment={"PYTHONPATH": f"{PROJECT / 'scripts'}:{PROJECT / 'tests'}",
                     "KSFT_DIR": str(sources.environment.tree / "tools/testing/selftests")})
