# SPDX-License-Identifier: GPL-2.0
"""Building and installing the command-line tool."""
