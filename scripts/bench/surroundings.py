# SPDX-License-Identifier: GPL-2.0
"""Where something was measured: without that, a time says nothing."""

import os
import re
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def processor(text):
    """The name of the processor, from /proc/cpuinfo."""
    names = re.findall(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return names[0] if names else "unknown"


def load():
    """How many programs wanted a processor in the last minute."""
    return round(os.getloadavg()[0], 2)


def machine():
    """This machine, now."""
    return {
        "processor": processor(CPUINFO.read_text(encoding="utf-8")),
        "processors": os.cpu_count(),
        "kernel": os.uname().release,
        "load": [load()],
    }


def lines(found):
    """The same, for a person."""
    load = ", ".join(f"{number:.1f}" for number in found["load"])
    yield f"{found['processors']} processors, {found['processor']}; Linux {found['kernel']}"
    yield f"load before, and after each part: {load}"


def replaced(found):
    """The same for the sentences of a report: name -> text."""
    yield "processor", f"{found['processors']} processors, {found['processor']}"
    yield "host kernel", found["kernel"]
    yield "load", ", ".join(f"{number:.1f}" for number in found["load"])
