# SPDX-License-Identifier: GPL-2.0
"""Which of the distribution's kernels is used, and its packages.

The newest version in backports for which image, headers and source agree. The choice is written
down, so that nothing changes under a person's feet and no network is needed afterwards.
"""

import functools
import json
import re
import subprocess

from environment.build_root import RELEASE
from environment.failure import Failure
from environment.logged import run_logged
from environment.progress import say

SUITE = f"{RELEASE}-backports"

# What apt writes about a package that its lists name and the mirror no longer has.
GONE = re.compile(r"404 |was not found|Unable to locate|File has unexpected size|Hash Sum mismatch")

# Prints apt's lists for the suite, however apt keeps them.
LISTS = (
    "apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' "
    f"'Codename: {SUITE}' | xargs --delimiter='\\n' /usr/lib/apt/apt-helper cat-file"
)


def kernel_packages(root):
    """Version -> name -> record of all packages in the suite that belong to some kernel."""
    result = root.run(["sh", "-c", LISTS], stdout=subprocess.PIPE)
    found = {}
    for text in re.split(r"\n\n+", result.stdout.decode()):
        if text.startswith("Package: linux-"):
            record = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", text, re.MULTILINE))
            found.setdefault(record["Version"], {})[record["Package"]] = record
    return found


def same_version_needs(record):
    """The packages that a record needs in exactly its own version."""
    clauses = f"{record.get('Pre-Depends', '')}, {record.get('Depends', '')}"
    return re.findall(rf"([\w.+-]+) \(= {re.escape(record['Version'])}\)", clauses)


def closure(packages, names):
    """These packages and all of the same version that they need."""
    found, queue = [], list(names)
    while queue:
        name = queue.pop(0)
        if name not in found:
            found.append(name)
            queue += same_version_needs(packages[name])
    return found


def complete(packages):
    """The release and the packages to fetch of one version, or None if one is missing."""
    for name in same_version_needs(packages.get("linux-image-amd64", {"Version": ""})):
        match = re.fullmatch(r"linux-image-((\d+\.\d+)\S*-amd64)", name)
        if match:
            release, series = match.groups()
            wanted = [name, f"linux-headers-{release}", f"linux-source-{series}"]
            if all(part in packages for part in wanted):
                return {"release": release, "packages": closure(packages, wanted)}
    return None


def newest_first(root, versions):
    """Sorts versions as the distribution does."""

    def order(left, right):
        command = ["dpkg", "--compare-versions", left, "gt", right]
        return -1 if root.run(command, check=False).returncode == 0 else 1

    return sorted(versions, key=functools.cmp_to_key(order))


def choose(root, pinned):
    """The kernel to use, as a dictionary; `pinned` is a version or a release."""
    kernels = {}
    for version, packages in kernel_packages(root).items():
        kernel = complete(packages)
        if kernel:
            kernels[version] = dict(kernel, version=version)
    for version in newest_first(root, kernels):
        if pinned in (None, version, kernels[version]["release"]):
            return kernels[version]
    if pinned:
        known = ", ".join(kernels) or "none"
        raise Failure(
            f"kernel {pinned} is not in {SUITE}",
            f"Complete there (image, headers and source): {known}. "
            "Pin one with KERNEL_VERSION=…, or leave it out for the newest.",
        )
    raise Failure(
        f"{SUITE} has no kernel with image, headers and source alike",
        "This passes when the distribution's archive is up to date again: try later.",
    )


def refresh(root, log, lock):
    """Asks the mirror again which packages there are."""
    run_logged(root.command(["apt-get", "update", "--error-on=any"]), log, lock)


def write_choice(path, root, pinned, log, lock):
    """Chooses and writes it down at `path`."""
    try:
        choice = choose(root, pinned)
    except Failure as failure:
        say(f"{failure.problem}; refreshing the package lists")
        refresh(root, log, lock)
        choice = choose(root, pinned)
    path.write_text(json.dumps(choice, indent=1) + "\n", encoding="utf-8")


def download(path, root, choice, log, lock):
    """Downloads the packages of a choice into the directory `path`."""
    path.mkdir()
    names = [f"{name}={choice['version']}" for name in choice["packages"]]
    script = 'cd "$0" && exec apt-get download "$@"'
    run_logged(root.command(["sh", "-c", script, path] + names), log, lock)
