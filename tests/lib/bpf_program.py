# SPDX-License-Identifier: GPL-2.0
"""BPF programs, assembled here: no compiler and no library is needed.

Small programs that give packets to sockets which no table would have given
them to, and to devices of other namespaces.
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
MAP_CREATE, MAP_UPDATE_ELEM, PROG_LOAD, LINK_CREATE = 0, 2, 5, 28
MAP_TYPE_SOCKMAP = 15
# A program's type, and where it is attached.
TCX_INGRESS, SK_LOOKUP = (3, 46), (30, 36)
TC_ACT_OK, TC_ACT_SHOT, SK_PASS = 0, 2, 1

# Functions that programs call.
MAP_LOOKUP_ELEM, REDIRECT, SK_LOOKUP_TCP, SK_LOOKUP_UDP, SK_RELEASE = (
    1, 23, 84, 85, 86)
SK_ASSIGN = 124
REDIRECT_PEER = 155

# Operation codes: class, operation and where the operand is.
MOV_REG, MOV_IMM, ADD_IMM, STORE_IMM, LOAD_64 = 0xbf, 0xb7, 0x07, 0x62, 0x18
JUMP_IF_ZERO, JUMP_IF_NOT, CALL, EXIT = 0x15, 0x55, 0x85, 0x95
STACK = 10
PSEUDO_MAP_FD = 1


def instruction(code, target=0, source=0, offset=0, immediate=0):
    """One instruction; registers by their numbers."""
    return struct.pack("=BBhi", code, source << 4 | target, offset, immediate)


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


@contextlib.contextmanager
def loaded(kind, code):
    """A program of these instructions; gives its file descriptor."""
    program_type, attach_type = kind
    instructions = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    program = bpf(PROG_LOAD, struct.pack(
        "=IIQQIIQII16sII", program_type, len(code) // 8,
        ctypes.addressof(instructions), ctypes.addressof(licence),
        0, 0, 0, 0, 0, b"nsmux_test", 0, attach_type))
    try:
        yield program
    finally:
        os.close(program)


@contextlib.contextmanager
def attached(namespace, kind, code, target):
    """Run the instructions in the namespace, at a device of it (by index) or
    at all of it (by file descriptor)."""
    with loaded(kind, code) as program:
        with namespace.enter():
            link = bpf(LINK_CREATE, struct.pack("=IIII", program, target,
                                                kind[1], 0))
        try:
            yield
        finally:
            os.close(link)


def udp_tuple(source, sport, destination, dport):
    """A struct bpf_sock_tuple."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    return (socket.inet_pton(family, source)
            + socket.inet_pton(family, destination)
            + struct.pack("!HH", sport, dport))


def assign_and_redirect(tuple_, device):
    """At a device: give each packet the socket that the tuple finds in the
    device's own namespace, and send it out of another device."""
    size = len(tuple_)
    words = struct.unpack(f"={size // 4}i", tuple_)
    lookup = [instruction(STORE_IMM, STACK, offset=4 * place - size,
                          immediate=word)
              for place, word in enumerate(words)] + [
        instruction(MOV_REG, 6, 1),
        instruction(MOV_REG, 2, STACK),
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


def assign(tuple_, by=SK_LOOKUP_UDP):
    """At a device: give each packet the socket that the tuple finds in the
    device's own namespace."""
    size = len(tuple_)
    words = struct.unpack(f"={size // 4}i", tuple_)
    use = [instruction(MOV_REG, 7, 0),
           instruction(MOV_REG, 1, 6),
           instruction(MOV_REG, 2, 7),
           instruction(MOV_IMM, 3),
           instruction(CALL, immediate=SK_ASSIGN),
           instruction(MOV_REG, 1, 7),
           instruction(CALL, immediate=SK_RELEASE)]
    return b"".join(
        [instruction(STORE_IMM, STACK, offset=4 * place - size,
                     immediate=word)
         for place, word in enumerate(words)]
        + [instruction(MOV_REG, 6, 1),
           instruction(MOV_REG, 2, STACK),
           instruction(ADD_IMM, 2, immediate=-size),
           instruction(MOV_IMM, 3, immediate=size),
           instruction(MOV_IMM, 4, immediate=-1),    # BPF_F_CURRENT_NETNS
           instruction(MOV_IMM, 5),
           instruction(CALL, immediate=by),
           instruction(JUMP_IF_ZERO, 0, offset=len(use))] + use
        + [instruction(MOV_IMM, 0, immediate=TC_ACT_OK), instruction(EXIT)])


def redirect_peer(device):
    """At a device: let each packet be received by another device's peer."""
    return b"".join([instruction(MOV_IMM, 1, immediate=device),
                     instruction(MOV_IMM, 2),
                     instruction(CALL, immediate=REDIRECT_PEER),
                     instruction(EXIT)])


@contextlib.contextmanager
def socket_map(sock):
    """A map whose only element is that socket."""
    index = bpf(MAP_CREATE, struct.pack("=IIIII", MAP_TYPE_SOCKMAP, 4, 4, 1,
                                        0))
    try:
        put_socket(index, sock)
        yield index
    finally:
        os.close(index)


def put_socket(index, sock):
    """Make the socket the first element of a map."""
    key = ctypes.create_string_buffer(struct.pack("=I", 0), 4)
    value = ctypes.create_string_buffer(struct.pack("=I", sock.fileno()), 4)
    bpf(MAP_UPDATE_ELEM, struct.pack("=IxxxxQQQ", index,
                                     ctypes.addressof(key),
                                     ctypes.addressof(value), 0))


def choose_from_map(index):
    """At a namespace: every lookup finds the socket in the map."""
    choose = [instruction(MOV_REG, 7, 0),
              instruction(MOV_REG, 1, 6),
              instruction(MOV_REG, 2, 7),
              instruction(MOV_IMM, 3),
              instruction(CALL, immediate=SK_ASSIGN),
              instruction(MOV_REG, 1, 7),
              instruction(CALL, immediate=SK_RELEASE)]
    return b"".join([
        instruction(MOV_REG, 6, 1),
        instruction(LOAD_64, 1, PSEUDO_MAP_FD, immediate=index),
        instruction(0),
        instruction(STORE_IMM, STACK, offset=-4),
        instruction(MOV_REG, 2, STACK),
        instruction(ADD_IMM, 2, immediate=-4),
        instruction(CALL, immediate=MAP_LOOKUP_ELEM),
        instruction(JUMP_IF_ZERO, 0, offset=len(choose)), *choose,
        instruction(MOV_IMM, 0, immediate=SK_PASS), instruction(EXIT)])
