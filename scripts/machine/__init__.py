# SPDX-License-Identifier: GPL-2.0
"""The machine that tests and demo run in."""
