# SPDX-License-Identifier: GPL-2.0
"""Shows what the path of a packet calls: the kernel's lookups and little else.

From each hook, the calls are followed through the module's machine code. What they end in has to
be known here. So no panic, allocation, lock or log line can come into that path unseen: the
compiler puts in a panic wherever it cannot rule out an overflow.
"""

import re
import subprocess

from kernel_module import module, scratch

HOOKS = re.compile(r"9netfilter8(incoming|outgoing)NtNt\w*?8Instance\w*?(?:2v([46])2V[46]|_3Arp)")

# What a packet may end in, by the file of rust/net/ that calls it.
KNOWN = {
    # inet/
    "__inet_lookup_established", "__inet_lookup_listener", "__udp4_lib_lookup",
    "__inet6_lookup_established", "inet6_lookup_listener", "__udp6_lib_lookup",
    "rust_helper_raw_bucket", "raw_v4_hashinfo", "raw_v6_hashinfo", "raw_v4_match", "raw_v6_match",
    # socket.rs, delivery.rs
    "sock_gen_put", "sock_diag_save_cookie", "sock_edemux", "sock_pfree",
    # packet.rs, perdevice.rs, trace.rs
    "skb_copy_bits", "rust_helper_skb_is_gso", "xa_load", "rust_do_trace_nsmux_lookup",
    "__tracepoint_nsmux_lookup",
    # account.rs, mailbox.rs, queue.rs, miss.rs, dispute.rs: atomic operations, which the kernel
    # crate calls
    "rust_helper_atomic64_fetch_add_relaxed", "rust_helper_atomic_i8_read",
    "rust_helper_atomic_read", "rust_helper_atomic_set_release", "rust_helper_atomic_try_cmpxchg",
    "rust_helper_atomic64_read", "rust_helper_atomic_i8_xchg", "rust_helper_atomic_ptr_read",
    "rust_helper_atomic_ptr_set", "rust_helper_atomic_ptr_try_cmpxchg",
    # periodic.rs: which takes no lock
    "irq_work_queue", "periodic_bell",
    # what the compiler adds
    "memcpy", "memset", "memcmp", "bcmp", "__x86_return_thunk", "__stack_chk_fail", "init_net",
}

SECTION = re.compile(r"^Disassembly of section (\S+):$")
FUNCTION = re.compile(r"^([0-9a-f]+) <(.+)>:$")
RELOCATION = re.compile(r"R_\w+\s+([^\s+-]+)([+-]0x[0-9a-f]+)?")

# Constants of the module, jump tables among them, and its statics, which have its crate's name.
DATA = re.compile(r"^\.(rodata|data|bss|text)|nsmux_main")

# On x86 what is relative is so to the end of an instruction, of which it is the last 4 bytes.
TO_THE_END = 4


def verdicts(environment, source=module.PROJECT):
    """Every hook, by name, with what is wrong with it in lines: none, if all is well."""
    with scratch.copy(environment, source) as directory:
        module.run_make(environment, directory, "rust/nsmux_main.o")
        listing = environment.root.run(
            ["objdump", "--disassemble", "--reloc", "--no-show-raw-insn",
             directory / "rust/nsmux_main.o"], [directory], stdout=subprocess.PIPE).stdout.decode()
    calls = callees(listing)
    hooks = {name: function for function in calls if (name := hook(function))}
    if len(hooks) != 6:
        return {"hooks": [f"there are 6 hooks, but found are {sorted(hooks)}"]}
    return {name: unknown(calls, function) for name, function in sorted(hooks.items())}


def hook(function):
    """The short name of a hook, if the function is one."""
    match = HOOKS.search(function)
    if not match:
        return None
    way, version = match.groups()
    return f"{way}_ipv{version}" if version else f"{way}_arp"


def callees(listing):
    """The functions of an object file, each with the names that stand in it."""
    section, places, lines_of = None, {}, {}
    for line in listing.splitlines():
        if match := SECTION.match(line):
            section = match[1]
        elif match := FUNCTION.match(line):
            function = match[2]
            places[section, int(match[1], 16)] = function
            lines_of[function] = []
        elif lines_of:
            lines_of[function].append(line)
    return {function: set(names(lines, places)) - {function}
            for function, lines in lines_of.items()}


def names(lines, places):
    """The names of what the lines of a function refer to, in this file or elsewhere."""
    for line in lines:
        if match := RELOCATION.search(line):
            name, offset = match.groups()
            # A function of this file is told by its place in a section.
            place = name, int(offset or "0", 16) + TO_THE_END
            yield places.get(place, name)
        else:
            # Within a section the assembler has known where to, and says so.
            yield from re.findall(r"<([^+>]+)>", line)


def unknown(calls, start):
    """The names that the function leads to and that are not known, with who has them."""
    problems, done, left = [], {start}, [start]
    while left:
        function = left.pop()
        for name in sorted(calls[function] - done):
            done.add(name)
            if name in calls:
                left.append(name)
            elif name not in KNOWN and not DATA.search(name):
                problems.append(f"{name}, from {function}")
    return problems
