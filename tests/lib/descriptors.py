# SPDX-License-Identifier: GPL-2.0
"""How many descriptors a test may have open: a crowd of sockets takes many."""

import contextlib
import resource


@contextlib.contextmanager
def descriptors(count):
    """As many may be open."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
