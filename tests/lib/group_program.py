# SPDX-License-Identifier: GPL-2.0
"""Programs of a reuseport group: they choose the member that gets a packet.

Two kinds can be attached to a group. The classic one is a socket filter whose
result is the place of a member. The other takes a member from a map, and here
it counts in another map how often it is run.
"""

import contextlib
import ctypes
import mmap
import os
import socket
import struct

from .bpf_program import (ADD_IMM, CALL, EXIT, LOAD_64, MAP_CREATE, MOV_IMM,
                          MOV_REG, PSEUDO_MAP_FD, SK_PASS, STACK, STORE_IMM,
                          bpf, instruction, loaded, put_socket)

# Of asm-generic/socket.h; Python has no names for them.
SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_EBPF = 51, 52
RETURN = 0x06
MAP_TYPE_ARRAY, MAP_TYPE_REUSEPORT_SOCKARRAY, MAP_MMAPABLE = 2, 20, 1 << 10
SK_REUSEPORT, SELECT_REUSEPORT = (21, 39), 82
ATOMIC, PSEUDO_MAP_VALUE = 0xdb, 2


def attach_filter(members, place):
    """The member at that place gets every packet, by a classic filter; it
    takes the place of the program that the group had."""
    code = ctypes.create_string_buffer(struct.pack("=HBBI", RETURN, 0, 0,
                                                   place), 8)
    members[0].setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF,
                          struct.pack("=HxxxxxxQ", 1,
                                      ctypes.addressof(code)))


def count_and_choose(runs, choice):
    """Add one to the number in a map, and take the socket in the other."""
    return b"".join([
        instruction(MOV_REG, 6, 1),
        instruction(LOAD_64, 7, PSEUDO_MAP_VALUE, immediate=runs),
        instruction(0),
        instruction(MOV_IMM, 1, immediate=1),
        instruction(ATOMIC, 7, 1),
        instruction(MOV_REG, 1, 6),
        instruction(LOAD_64, 2, PSEUDO_MAP_FD, immediate=choice),
        instruction(0),
        instruction(STORE_IMM, STACK, offset=-4),
        instruction(MOV_REG, 3, STACK),
        instruction(ADD_IMM, 3, immediate=-4),
        instruction(MOV_IMM, 4),
        instruction(CALL, immediate=SELECT_REUSEPORT),
        instruction(MOV_IMM, 0, immediate=SK_PASS), instruction(EXIT)])


@contextlib.contextmanager
def counting_program(members, place):
    """The member at that place gets every packet, by a program that counts.

    Yields a function that tells how often it was run.
    """
    with contextlib.ExitStack() as stack:
        files = []
        for fields in ((MAP_TYPE_ARRAY, 4, 8, 1, MAP_MMAPABLE),
                       (MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 4, 1, 0)):
            files.append(bpf(MAP_CREATE, struct.pack("=IIIII", *fields)))
            stack.callback(os.close, files[-1])
        runs, choice = files
        put_socket(choice, members[place])
        memory = stack.enter_context(mmap.mmap(runs, 8))
        code = stack.enter_context(
            loaded(SK_REUSEPORT, count_and_choose(runs, choice)))
        members[0].setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF,
                              code)
        yield lambda: struct.unpack_from("=Q", memory)[0]
