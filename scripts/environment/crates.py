# SPDX-License-Identifier: GPL-2.0
"""The crates that the command-line tool is made of, as the distribution packages them.

Their versions are those of the release, signed by it, and no other registry is asked. The sources
are unpacked without being installed: as packages they want much that no build needs. They are
compiled once, by a program that does nothing, so that afterwards only the tool itself is.
"""

import platform
import re
import shutil
import subprocess
from pathlib import Path

from environment.cache import digest
from environment.logged import run_logged

PROJECT = Path(__file__).resolve().parents[2]
MANIFEST = PROJECT / "tools/nsmux/Cargo.toml"
TARGET = f"{platform.machine()}-unknown-linux-gnu"

# What Cargo is told about where crates are and how to compile them. The tool is linked statically:
# where it is installed, the C library may be another one.
CONFIGURATION = """\
[source.crates-io]
replace-with = "distribution"
[source.distribution]
directory = "{sources}"
[net]
offline = true
[build]
target = "{target}"
rustflags = ["-Ctarget-feature=+crt-static", "--remap-path-prefix={sources}=crates"]
"""

UNPACK = 'printf "%s\\0" "$0"/*.deb | xargs -0 -P "$(nproc)" -I @ dpkg-deb --extract @ "$0"'


def names():
    """The crates that the tool's manifest names."""
    section = re.search(r"^\[dependencies\]$(.*?)^\[", MANIFEST.read_text(), re.DOTALL | re.M)
    return re.findall(r"^([\w-]+) = ", section.group(1), re.MULTILINE)


def sources_key(root_key):
    """Changes with anything that changes the sources."""
    return digest(Path(__file__), root_key, names())


def compiled_key(root_key):
    """Changes with anything that changes how they are compiled."""
    return digest(sources_key(root_key), MANIFEST)


def build_sources(path, root, log, lock):
    """Leaves all crates that the tool needs in the directory `path`, each in one of its own."""
    path.mkdir()
    wanted = [f"librust-{name.replace('_', '-')}-dev" for name in names()]
    command = ["apt-get", "--simulate", "--no-install-recommends", "install"] + wanted
    plan = root.run(command, stdout=subprocess.PIPE).stdout.decode()
    packages = re.findall(r"^Inst (librust-\S+) ", plan, re.MULTILINE)
    run_logged(root.command(["sh", "-c", 'cd "$0" && exec apt-get download "$@"', path] + packages),
               log, lock)
    run_logged(root.command(["sh", "-c", UNPACK, path]), log, lock)
    for crate in (path / "usr/share/cargo/registry").iterdir():
        crate.rename(path / crate.name)
    shutil.rmtree(path / "usr")
    for package in path.glob("*.deb"):
        package.unlink()


def cargo(workspace, *arguments):
    """The command, to be run in the build root, that runs Cargo in a workspace."""
    # With RUSTC_BOOTSTRAP, which the kernel needs, crates would try what is not stable yet.
    enter = ["sh", "-c", 'cd "$0" && exec env -u RUSTC_BOOTSTRAP CARGO_HOME="$0/home" cargo "$@"']
    return enter + [workspace] + list(arguments)


def configure(workspace, sources):
    """Lets Cargo find the crates when it is run in this directory."""
    (workspace / "home").mkdir(parents=True)
    text = CONFIGURATION.format(sources=sources, target=TARGET)
    (workspace / "home/config.toml").write_text(text)


def compile_all(path, root, sources, log, lock):
    """Leaves a workspace at `path` in which all crates are compiled."""
    configure(path, sources)
    # Under another name, or Cargo would take it for the tool, whose files may be older.
    manifest = MANIFEST.read_text().replace('name = "nsmux"', 'name = "nothing"')
    (path / "Cargo.toml").write_text(manifest)
    (path / "src").mkdir()
    (path / "src/main.rs").write_text("//! Nothing.\nfn main() {}\n")
    run_logged(root.command(cargo(path, "build", "--release")), log, lock)
    shutil.rmtree(path / "src")
