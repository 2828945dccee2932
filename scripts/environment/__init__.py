# SPDX-License-Identifier: GPL-2.0
"""What the project needs before it can build or boot anything."""
