# SPDX-License-Identifier: GPL-2.0
"""Shows that the examples in the comments of rust/net/ compile, and that nothing lacks one.

Each is the body of a function in a module of the crate, compiled with the module's own sources and
flags. As with rustdoc, a line that begins with `#` and a space is left out of what people read; an
example that ends with `Ok::<(), Error>(())` may use `?`.

Each public type, trait and function has an example, or names another item whose example has it in
use: "See the example of [`Hook`]."
"""

import re
from pathlib import Path

from environment.failure import Failure
from kernel_module import compile_fail, compiler, module, scratch

# The folder, and the file of the module that it is.
PLACE = "rust/net"
COMMENT = re.compile(r"^\s*//[/!] ?(.*)$")
FENCE = "```"
ITEM = re.compile(r"^pub (?:unsafe )?(?:struct|enum|trait|type|fn) (\w+)")
ATTRIBUTE = re.compile(r"^#\[.*\]$")
EXAMPLE = re.compile(r"# Examples|[Ss]ee the example of \[")
FUNCTION = """use kernel::prelude::*;

fn example() -> impl Sized {{
{}
}}
"""


def verdicts(environment, source=module.PROJECT):
    """Every example, by its place, with what is wrong with it in lines."""
    results = {"none_lacks": lacking(source)}
    with scratch.copy(environment, source) as directory:
        module.run_make(environment, directory, "rust/nsmux_main.o")
        files = write(directory, directory / "examples")
        if not files:
            raise Failure(f"there is no example in {PLACE}")
        errors = compiler.compile_with(environment, directory, list(files), "--emit=metadata")
        results |= {name: [] for name in files.values()}
        for error in errors:
            # One that is elsewhere is an example's too, by a macro or a missing trait.
            path, _ = compile_fail.place(error)
            name = files.get(Path(path or ""), next(iter(files.values())))
            results[name] += error["rendered"].splitlines()
    return results


def sources(directory):
    """The files whose examples are compiled."""
    place = directory / PLACE
    return [place.with_suffix(".rs")] + sorted(place.rglob("*.rs"))


def lacking(directory):
    """The items without an example, and where they are."""
    return [f"{path.relative_to(directory)}:{line}: {name} has no example"
            for path in sources(directory)
            for line, name in without_example(path.read_text(encoding="utf-8"))]


def without_example(text):
    """The public items that neither have an example nor name another's, each with its line.

    What there is twice is the same for another configuration, and of these the first counts.
    """
    comment = []
    seen = set()
    for number, line in enumerate(text.splitlines(), 1):
        item = ITEM.match(line)
        if item and item.group(1) not in seen:
            seen.add(item.group(1))
            if not EXAMPLE.search(" ".join(comment)):
                yield number, item.group(1)
        if line.startswith("///"):
            comment.append(line.removeprefix("///").strip())
        elif not ATTRIBUTE.match(line):
            comment = []


def write(directory, folder):
    """A file for each example, and the name of its result."""
    folder.mkdir()
    files = {}
    for path in sources(directory):
        for line, code in examples(path.read_text(encoding="utf-8")):
            name = f"{path.relative_to(directory / 'rust').with_suffix('')}:{line}"
            file = folder / f"example_{re.sub(r'[^a-z0-9]', '_', name)}.rs"
            file.write_text(FUNCTION.format(code), encoding="utf-8")
            files[file] = name
    return files


def examples(text):
    """The line on which each example begins, and its code."""
    code = None
    for number, line in enumerate(text.splitlines(), 1):
        comment = COMMENT.match(line)
        words = comment.group(1) if comment else ""
        if not words.startswith(FENCE):
            if code is not None:
                code.append(re.sub(r"^#( |$)", "", words))
        elif code is None:
            begin, code = number, [] if words == FENCE else None
            if code is None:
                raise Failure(f"an example on line {number} is not of plain Rust: {words}")
        else:
            yield begin, "\n".join(code)
            code = None
