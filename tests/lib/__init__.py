# SPDX-License-Identifier: GPL-2.0
"""What the nsmux tests share, beside the kernel's own net/lib/py.

The kernel's library is imported from where it was installed, or from a
kernel source tree that KSFT_DIR names (its tools/testing/selftests).
"""

import os
import sys
from pathlib import Path

KSFT_DIR = Path(os.environ.get("KSFT_DIR", Path(__file__).parents[2]))

if not (KSFT_DIR / "net/lib/py").is_dir():
    sys.exit(f"{KSFT_DIR}/net/lib/py is missing: install the tests with "
             "'make -C tests kselftest', or set KSFT_DIR to "
             "tools/testing/selftests of a kernel source")

sys.path.append(str(KSFT_DIR))
