# SPDX-License-Identifier: GPL-2.0
"""The tests that need a compiler and no guest. `make check` runs them too."""

from kernel_module import compile_fail, compiled_out, examples, packet_path, without_namespaces
from kernel_module.module import PROJECT
from selftests.ktap import Counter

# Each is a function of the environment and of where the module's sources are. It gives the names
# of its results, with what is wrong in lines: none, if all is well.
TESTS = {
    "compile_fail": compile_fail.verdicts,
    "compiled_out": compiled_out.verdicts,
    "examples": examples.verdicts,
    "packet_path": packet_path.verdicts,
    "without_namespaces": without_namespaces.verdicts,
}

# What a test has to make first, if that takes long: the test then waits to be asked for by name.
READY = {
    "without_namespaces": without_namespaces.is_ready,
}


def select(names):
    """Of the tests that a person named, those that run here and the others; without any, all."""
    here = [name for name in TESTS if name in names or not names]
    return here, [name for name in names if name not in TESTS]


def print_line(line):
    """Shows progress as it is made."""
    print(line, flush=True)


def run(environment, names, source=PROJECT, on_line=print_line, asked=False):
    """Runs tests and writes KTAP. Returns the counted results."""
    counter = Counter()
    for name in names:
        if not asked and name in READY and not READY[name](environment):
            tell([f"ok 1 {name} # SKIP takes long, once: make test T={name}"], counter, on_line)
        else:
            tell(lines(name, TESTS[name](environment, source)), counter, on_line)
    return counter


def lines(name, results):
    """The results of one test as KTAP."""
    yield f"1..{len(results)}"
    for number, (result, problems) in enumerate(results.items(), 1):
        for line in problems:
            yield f"# {line}"
        yield f"{'not ok' if problems else 'ok'} {number} {name}.{result}"


def tell(text, counter, on_line=print_line):
    """Shows the KTAP of one test, and counts its results."""
    for line in text:
        on_line(line)
        counter.feed(f"{line}\n".encode())
    counter.close()


def findings(name):
    """The same test as a check of the sources: a function that gives what is wrong."""
    def check(sources):
        results = TESTS[name](sources.environment, PROJECT)
        return [f"{result}: {line}" for result, problems in results.items() for line in problems]

    return check
