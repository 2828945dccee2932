# SPDX-License-Identifier: GPL-2.0
"""Building the module."""
