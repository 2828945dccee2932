# SPDX-License-Identifier: GPL-2.0
"""BPF programs that look sockets up, or have a say in it, for comparison."""
import contextlib
import ctypes
import os
import platform
import socket
import struct

BPF = {"x86_64": 321, "aarch64": 280}
PROG_LOAD, TEST_RUN, LINK_CREATE = 5, 10, 28
# A program's type, and where it is attached.
TCX_INGRESS, SK_LOOKUP = (3, 46), (30, 36)
TC_ACT_OK, SK_PASS = 0, 1
# What a program returns that has found a socket, if it tells.
FOUND = 1

# Functions that programs call.
SK_LOOKUP_UDP, SK_RELEASE, SKC_LOOKUP_TCP = 85, 86, 99
CURRENT_NAMESPACE = -1

# Operation codes, and the registers that have a name.
LOAD_WORD, LOAD_HALF, LOAD_BYTE, STORE_WORD = 0x61, 0x69, 0x71, 0x63
MOVE, SET, ADD, JUMP, CALL, EXIT = 0xbf, 0xb7, 0x07, 0x05, 0x85, 0x95
IF_ABOVE, IF_NOT, IF_ZERO = 0x2d, 0x55, 0x15
RESULT, CONTEXT, STACK = 0, 6, 10

# Of struct __sk_buff, and of a frame of Ethernet.
DATA, DATA_END, ETHERTYPE, HEADER = 76, 80, 12, 14
# By ethertype: the offsets of the next protocol, of the addresses and of the
# ports, and how much the addresses and ports are.
LAYOUT = {0x0800: (9, 12, 20, 12), 0x86dd: (6, 8, 40, 36)}


def instruction(code, target=0, source=0, offset=0, immediate=0):
    """One instruction; registers by their numbers."""
    return struct.pack("=BBhi", code, source << 4 | target, offset, immediate)


def bpf(command, attributes):
    """The system call, which Python and the C library do not have."""
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(BPF[platform.machine()], command, attributes,
                          len(attributes))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


@contextlib.contextmanager
def loaded(kind, code):
    """A program is there, under a descriptor."""
    program_type, attach_type = kind
    instructions = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    program = bpf(PROG_LOAD, struct.pack(
        "=IIQQIIQII16sII", program_type, len(code) // 8,
        ctypes.addressof(instructions), ctypes.addressof(licence),
        0, 0, 0, 0, 0, b"nsmux_bench", 0, attach_type))
    try:
        yield program
    finally:
        os.close(program)


def attach(kind, code, target):
    """Load a program and attach it in the current namespace; gives the
    descriptor that keeps it there."""
    with loaded(kind, code) as program:
        return bpf(LINK_CREATE, struct.pack("=IIII", program, target, kind[1],
                                            0))


def run(program, packet, number):
    """Run a program so many times with a packet that loopback has received;
    gives what it has returned, and how many whole nanoseconds one took."""
    data = ctypes.create_string_buffer(packet, len(packet))
    attributes = ctypes.create_string_buffer(struct.pack(
        "=IIIIQQII", program, 0, len(packet), 0, ctypes.addressof(data), 0,
        number, 0))
    bpf(TEST_RUN, attributes)
    _, result, _, _, _, _, _, nanoseconds = struct.unpack("=IIIIQQII",
                                                          attributes.raw[:40])
    return result, nanoseconds


def passes():
    """At a namespace: have no opinion."""
    return b"".join([instruction(SET, RESULT, immediate=SK_PASS),
                     instruction(EXIT)])


def prepare(_, size):
    """All that it takes to look the tuple on the stack up, but the call."""
    return [instruction(MOVE, 1, CONTEXT),
            instruction(MOVE, 2, STACK),
            instruction(ADD, 2, immediate=-size),
            instruction(SET, 3, immediate=size),
            instruction(SET, 4, immediate=CURRENT_NAMESPACE),
            instruction(SET, 5)]


def look_up(function, size):
    """Look the tuple on the stack up, and let the socket go again."""
    return [*prepare(function, size),
            instruction(CALL, immediate=function),
            instruction(IF_ZERO, RESULT, offset=2),
            instruction(MOVE, 1, RESULT),
            instruction(CALL, immediate=SK_RELEASE)]


def tells(function, size):
    """Look it up, and return FOUND if there is a socket."""
    return [*prepare(function, size),
            instruction(CALL, immediate=function),
            instruction(IF_ZERO, RESULT, offset=4),
            instruction(MOVE, 1, RESULT),
            instruction(CALL, immediate=SK_RELEASE),
            instruction(SET, RESULT, immediate=FOUND),
            instruction(EXIT)]


OUT = [instruction(SET, RESULT, immediate=TC_ACT_OK), instruction(EXIT)]


def of_family(call, next_protocol, addresses, ports, size):
    """For packets of a family; register 7 is where they begin, 8 where they
    end."""
    word = 4
    copy = []
    for place in range(0, size, word):
        at = addresses + place if place < size - word else ports
        copy += [instruction(LOAD_WORD, 2, 7, HEADER + at),
                 instruction(STORE_WORD, STACK, 2, place - size)]
    udp = call(SK_LOOKUP_UDP, size) + OUT
    tcp = call(SKC_LOOKUP_TCP, size) + OUT
    rest = [instruction(LOAD_BYTE, 9, 7, HEADER + next_protocol), *copy,
            instruction(IF_NOT, 9, offset=len(udp),
                        immediate=socket.IPPROTO_UDP), *udp,
            instruction(IF_NOT, 9, offset=len(tcp),
                        immediate=socket.IPPROTO_TCP), *tcp, *OUT]
    return [instruction(MOVE, 2, 7),
            instruction(ADD, 2, immediate=HEADER + ports + word),
            instruction(IF_ABOVE, 2, 8, len(rest) - len(OUT)), *rest]


def looks_up(call=look_up):
    """At a device: look up who a packet is for, and pass it on."""
    code = [instruction(MOVE, CONTEXT, 1),
            instruction(LOAD_WORD, 7, 1, DATA),
            instruction(LOAD_WORD, 8, 1, DATA_END),
            instruction(MOVE, 2, 7),
            instruction(ADD, 2, immediate=HEADER),
            instruction(IF_ABOVE, 2, 8, 1),
            instruction(JUMP, offset=len(OUT)), *OUT,
            instruction(LOAD_HALF, 9, 7, ETHERTYPE)]
    for ethertype, layout in LAYOUT.items():
        part = of_family(call, *layout)
        code += [instruction(IF_NOT, 9, offset=len(part),
                             immediate=socket.htons(ethertype)), *part]
    return b"".join(code + OUT)
