# SPDX-License-Identifier: GPL-2.0
"""What the path of a packet costs, in instructions."""
