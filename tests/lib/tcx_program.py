# SPDX-License-Identifier: GPL-2.0
"""A BPF program, assembled here, that runs on what a device receives.

It gives each packet a UDP socket of the device's own namespace, and sends
it out of another device. No compiler and no library is needed for its few
instructions.
"""

import contextlib
import ctypes
import os
import platform
import socket
import struct

from net.lib.py import KsftSkipEx

BPF_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280,
               "loongarch64": 280, "s390x": 351, "ppc64le": 361}
BPF_PROG_LOAD, BPF_LINK_CREATE = 5, 28
BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_INGRESS = 3, 46
TC_ACT_SHOT = 2

REDIRECT, SK_LOOKUP_UDP, SK_RELEASE, SK_ASSIGN = 23, 85, 86, 124

# Operation codes: class, operation and where the operand is.
MOV_REG, MOV_IMM, ADD_IMM, STORE_IMM = 0xbf, 0xb7, 0x07, 0x62
JUMP_IF_ZERO, JUMP_IF_NOT, CALL, EXIT = 0x15, 0x55, 0x85, 0x95


def instruction(code, target=0, source=0, offset=0, immediate=0):
    """One instruction; registers by their numbers."""
    return struct.pack("=BBhi", code, source << 4 | target, offset, immediate)


def assign_and_redirect(tuple_, device):
    """Give the socket that the tuple finds here, and send through device."""
    stack, size = 10, len(tuple_)
    words = struct.unpack(f"={size // 4}i", tuple_)
    lookup = [instruction(STORE_IMM, stack, offset=4 * place - size,
                          immediate=word)
              for place, word in enumerate(words)] + [
        instruction(MOV_REG, 6, 1),
        instruction(MOV_REG, 2, stack),
        instruction(ADD_IMM, 2, immediate=-size),
        instruction(MOV_IMM, 3, immediate=size),
        instruction(MOV_IMM, 4, immediate=-1),    # BPF_F_CURRENT_NETNS
        instruction(MOV_IMM, 5),
        instruction(CALL, immediate=SK_LOOKUP_UDP)]
    use = [instruction(MOV_REG, 7, 0),
           instruction(MOV_REG, 1, 6),
           instruction(MOV_REG, 2, 7),
           instruction(MOV_IMM, 3),
           instruction(CALL, immediate=SK_ASSIGN),
           instruction(MOV_REG, 8, 0),
           instruction(MOV_REG, 1, 7),
           instruction(CALL, immediate=SK_RELEASE)]
    redirect = [instruction(MOV_IMM, 1, immediate=device),
                instruction(MOV_IMM, 2),
                instruction(CALL, immediate=REDIRECT),
                instruction(EXIT)]
    drop = [instruction(MOV_IMM, 0, immediate=TC_ACT_SHOT), instruction(EXIT)]
    return b"".join(
        lookup + [instruction(JUMP_IF_ZERO, 0,
                              offset=len(use) + 1 + len(redirect))]
        + use + [instruction(JUMP_IF_NOT, 8, offset=len(redirect))]
        + redirect + drop)


def bpf(command, attributes):
    """The system call, which Python and the C library do not have."""
    number = BPF_SYSCALL.get(platform.machine())
    if number is None:
        raise KsftSkipEx(f"the number of bpf(2) on {platform.machine()} "
                         "is not known here")
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(number, command, attributes, len(attributes))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def udp_tuple(source, sport, destination, dport):
    """A struct bpf_sock_tuple."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    return (socket.inet_pton(family, source)
            + socket.inet_pton(family, destination)
            + struct.pack("!HH", sport, dport))


@contextlib.contextmanager
def at_ingress(namespace, device, code):
    """Run the instructions on what the device receives."""
    instructions = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    program = bpf(BPF_PROG_LOAD, struct.pack(
        "=IIQQIIQII16sII", BPF_PROG_TYPE_SCHED_CLS, len(code) // 8,
        ctypes.addressof(instructions), ctypes.addressof(licence),
        0, 0, 0, 0, 0, b"nsmux_test", 0, BPF_TCX_INGRESS))
    try:
        with namespace.enter():
            index = socket.if_nametoindex(device)
            link = bpf(BPF_LINK_CREATE, struct.pack(
                "=IIII", program, index, BPF_TCX_INGRESS, 0))
        try:
            yield
        finally:
            os.close(link)
    finally:
        os.close(program)
