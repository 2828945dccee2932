# SPDX-License-Identifier: GPL-2.0
"""The checks that `make check` runs, each a function that returns what it finds."""
