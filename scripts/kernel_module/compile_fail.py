# SPDX-License-Identifier: GPL-2.0
"""Shows that certain mistakes do not compile, each in a file of tests/compile_fail/.

Such a file is a module of the crate, compiled with the module's own sources and flags. It makes
its mistake under `#[cfg(mistake)]`, and says in a comment on the line of the error, which begins
with `//~`, what the compiler has to find there:

    drop(socket); //~ error[E0382]: use of moved value

or, with `//~^`, on the line below it.
Without their mistakes all of them have to compile; with it each has to give these errors and no
other. A file that does not compile for another reason shows nothing.

The compiler is run once for each of its phases and not for each file: it tells all errors of a
phase, and where there are some it does not get to the next.
"""

import re

from environment.failure import Failure
from kernel_module import compiler, module, scratch

CASES = module.PROJECT / "tests/compile_fail"

EXPECTATION = re.compile(r"//~(\^?) (error(?:\[E\d{4}\])?: .+)$")

METADATA = ["--emit=metadata", "--check-cfg", "cfg(mistake)"]


def verdicts(environment, source=module.PROJECT):
    """Every case, by name, with what is wrong with it in lines: none, if it fails as it should."""
    remaining = sorted(CASES.glob("*.rs"))
    judged = {}
    with scratch.copy(environment, source) as directory:
        module.run_make(environment, directory, "rust/nsmux_main.o")
        mended = compiler.compile_with(environment, directory, remaining, *METADATA)
        if mended:
            raise Failure("without their mistakes, the files in tests/compile_fail/ do not "
                          "compile:\n" + compiler.texts(mended))
        while remaining:
            errors = compiler.compile_with(environment, directory, remaining, *METADATA,
                                           "--cfg", "mistake")
            by_case = {path: [error for error in errors if place(error)[0] == str(path)]
                       for path in remaining}
            if errors and not any(by_case.values()):
                raise Failure(f"the mistakes lead to errors elsewhere:\n{compiler.texts(errors)}")
            # Without any error the rest compiles, and is judged for that.
            done = [path for path in remaining if by_case[path] or not errors]
            judged.update({path.stem: judge(path, by_case[path]) for path in done})
            remaining = [path for path in remaining if path not in done]
    return dict(sorted(judged.items()))


def judge(path, errors):
    """What is wrong with a case in which these errors were found."""
    wanted = expected(path)
    missed = dict(wanted)
    problems = [] if wanted else ["no error is expected"]
    for error in errors:
        _, line = place(error)
        if line in wanted and headline(error).startswith(wanted[line]):
            missed.pop(line, None)
        else:
            problems += ["not expected:"] + error["rendered"].splitlines()
    return problems + [f"line {line}: there is no {error}" for line, error in missed.items()]


def expected(path):
    """Line -> the beginning of the error that has to be found there."""
    lines = path.read_text(encoding="utf-8").splitlines()
    matches = ((number, EXPECTATION.search(line)) for number, line in enumerate(lines, 1))
    return {number - len(match.group(1)): match.group(2) for number, match in matches if match}


def headline(error):
    """As the compiler shows it to people: the kind, the code, and one line of words."""
    code = f"[{error['code']['code']}]" if error["code"] else ""
    return f"error{code}: {error['message']}"


def place(error):
    """The file and the line in which an error is."""
    primary = next((span for span in error["spans"] if span["is_primary"]), None)
    return (primary["file_name"], primary["line_start"]) if primary else (None, None)
