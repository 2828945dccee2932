# SPDX-License-Identifier: GPL-2.0
"""The kernel's own selftests: which are run, and what became of them with nsmux and without."""
