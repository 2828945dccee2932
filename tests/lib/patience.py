# SPDX-License-Identifier: GPL-2.0
"""How long a test waits for a condition before it gives up.

NSMUX_SLOWER says how many times slower than usual the machine is: a kernel
that checks everything, emulated, takes ten times as long as the stock one.
"""

import os
import time

SLOWER = float(os.environ.get("NSMUX_SLOWER", 1))


def stretched(seconds):
    """So many seconds, on this machine."""
    return seconds * SLOWER


def end_after(seconds):
    """When they are over, by the monotonic clock."""
    return time.monotonic() + stretched(seconds)
