# SPDX-License-Identifier: GPL-2.0
"""Shows that the examples in the documentation comments of rust/net/ compile.

Each is the body of a function in a module of the crate, compiled with the module's own sources and
flags. As with rustdoc, a line that begins with `#` and a space is left out of what people read; an
example that ends with `Ok::<(), Error>(())` may use `?`.
"""

import re
from pathlib import Path

from environment.failure import Failure
from kernel_module import compile_fail, compiler, module, scratch

PLACE = "rust/net"
COMMENT = re.compile(r"^\s*//[/!] ?(.*)$")
FENCE = "```"
FUNCTION = """use kernel::prelude::*;

fn example() -> impl Sized {{
{}
}}
"""


def verdicts(environment, source=module.PROJECT):
    """Every example, by its place, with what is wrong with it in lines."""
    with scratch.copy(environment, source) as directory:
        module.run_make(environment, directory, "rust/nsmux_main.o")
        files = write(directory, directory / "examples")
        if not files:
            raise Failure(f"there is no example in {PLACE}")
        errors = compiler.compile_with(environment, directory, list(files), "--emit=metadata")
        results = {name: [] for name in files.values()}
        for error in errors:
            # One that is elsewhere is an example's too, by a macro or a missing trait.
            path, _ = compile_fail.place(error)
            name = files.get(Path(path or ""), next(iter(results)))
            results[name] += error["rendered"].splitlines()
    return results


def write(directory, folder):
    """A file for each example, and the name of its result."""
    folder.mkdir()
    files = {}
    for path in sorted((directory / PLACE).rglob("*.rs")):
        for line, code in examples(path.read_text(encoding="utf-8")):
            name = f"{path.relative_to(directory / PLACE).with_suffix('')}:{line}"
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
