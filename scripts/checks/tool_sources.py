# SPDX-License-Identifier: GPL-2.0
"""Checks of the command-line tool's crate, by Cargo in the build root."""

from tool import crate

# Compiled as the tool itself is, so that what it depends on is there already.
RELEASE = "--release"


def cargo(sources, *arguments):
    """What a command of Cargo says that fails when it finds something."""
    status, text = crate.run_cargo(sources.environment, *arguments)
    if status == 0:
        return []
    return text.splitlines() or [f"cargo {arguments[0]}: exit status {status}"]


def formatting(sources):
    """rustfmt, as Cargo's users have it."""
    return cargo(sources, "fmt", "--check")


def clippy(sources):
    """clippy on the tool and on its tests, without a warning."""
    return cargo(sources, "clippy", RELEASE, "--quiet", "--all-targets", "--", "-Dwarnings")


def unit_tests(sources):
    """The crate's own tests."""
    return cargo(sources, "test", RELEASE, "--quiet")


def documentation(sources):
    """rustdoc of all items without a warning."""
    return document(sources.environment)[1]


def document(environment):
    """Writes the Rust documentation; returns where it is, and what is wrong with it."""
    status, text = crate.run_cargo(
        environment, "doc", RELEASE, "--quiet", "--no-deps", "--document-private-items",
        variables={"RUSTDOCFLAGS": "-Dwarnings -Arustdoc::private-intra-doc-links"})
    return crate.target(environment) / "doc", text.splitlines() if status else []
