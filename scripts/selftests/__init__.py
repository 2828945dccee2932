# SPDX-License-Identifier: GPL-2.0
"""The kselftest collection: its installed tree, its run in a guest, its results."""
