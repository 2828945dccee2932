# SPDX-License-Identifier: GPL-2.0
"""The kernel's own lookups, asked for by a BPF program.

The program is run by BPF_PROG_TEST_RUN in the namespace of the calling
thread, once for each tuple of a batch, which lies in a map that is shared
with it.
"""

import ctypes
import mmap
import os
import socket
import struct

from net.lib.py import KsftSkipEx
from .bpf_program import (ADD_IMM, CALL, EXIT, JUMP_IF_NOT, JUMP_IF_ZERO,
                          LOAD_64, MAP_CREATE, MOV_IMM, MOV_REG, PROG_LOAD,
                          SK_LOOKUP_UDP, SK_RELEASE, bpf, instruction)
from .identity import socket_cookie

PROG_TEST_RUN = 10
MAP_TYPE_ARRAY, MAP_MMAPABLE, PROG_TYPE_SCHED_CLS = 2, 1 << 10, 3
SKC_LOOKUP_TCP, PROBE_READ_KERNEL = 99, 113
LOAD, STORE, ADD_REG, SHIFT_LEFT, JUMP_IF_GREATER, JUMP = (
    0x61, 0x63, 0x0f, 0x67, 0x25, 0x05)
PSEUDO_MAP_VALUE = 2
# Of struct bpf_sock and of struct __sk_buff.
STATE, CONTEXT_SIZE, CONTEXT_DEVICE = 72, 192, 40

# Where things are in an element: the tuple, which kind of it, and what was
# found: its state, and its beginning, with the cookie somewhere in it. In
# place of the first element is the number of the next one.
ELEMENT, KIND, FOUND, BEGINNING, BEGINNING_SIZE = 256, 36, 40, 48, 96
BATCH = 255
TUPLE_SIZE = {socket.AF_INET: 12, socket.AF_INET6: 36}
KINDS = [(table, family) for table in ("tcp", "udp") for family in TUPLE_SIZE]


def look_up(table, family):
    """The part of the program that is for one kind of tuples."""
    function = {"tcp": SKC_LOOKUP_TCP, "udp": SK_LOOKUP_UDP}[table]
    use = [instruction(MOV_REG, 9, 0),
           instruction(LOAD, 1, 9, STATE),
           instruction(STORE, 7, 1, FOUND),
           instruction(MOV_REG, 1, 7),
           instruction(ADD_IMM, 1, immediate=BEGINNING),
           instruction(MOV_IMM, 2, immediate=BEGINNING_SIZE),
           instruction(MOV_REG, 3, 9),
           instruction(CALL, immediate=PROBE_READ_KERNEL),
           instruction(MOV_REG, 1, 9),
           instruction(CALL, immediate=SK_RELEASE)]
    return [instruction(MOV_REG, 1, 6),
            instruction(MOV_REG, 2, 7),
            instruction(MOV_IMM, 3, immediate=TUPLE_SIZE[family]),
            instruction(MOV_IMM, 4, immediate=-1),    # BPF_F_CURRENT_NETNS
            instruction(MOV_IMM, 5),
            instruction(CALL, immediate=function),
            instruction(JUMP_IF_ZERO, 0, offset=len(use)), *use,
            instruction(MOV_IMM, 0), instruction(EXIT)]


def program(index):
    """Take the next element of the map, and look its tuple up."""
    end = [instruction(MOV_IMM, 0), instruction(EXIT)]
    code = [instruction(MOV_REG, 6, 1),
            instruction(LOAD_64, 7, PSEUDO_MAP_VALUE, immediate=index),
            instruction(0),
            instruction(LOAD, 8, 7),
            instruction(JUMP_IF_GREATER, 8, offset=8, immediate=BATCH),
            instruction(MOV_REG, 1, 8),
            instruction(ADD_IMM, 1, immediate=1),
            instruction(STORE, 7, 1),
            instruction(SHIFT_LEFT, 8, immediate=ELEMENT.bit_length() - 1),
            instruction(ADD_REG, 7, 8),
            instruction(LOAD, 9, 7, KIND),
            instruction(MOV_IMM, 0),
            instruction(JUMP, offset=2), *end]
    for number, kind in enumerate(KINDS):
        part = look_up(*kind)
        code += [instruction(JUMP_IF_NOT, 9, offset=len(part),
                             immediate=number), *part]
    return b"".join(code + end)


class BpfLookup:
    """Asks for batches of tuples; `cookie_at` is found out with a socket
    whose cookie is known."""

    def __init__(self):
        self._map = bpf(MAP_CREATE, struct.pack(
            "=IIIII", MAP_TYPE_ARRAY, 4, ELEMENT * (BATCH + 1), 1,
            MAP_MMAPABLE))
        self._memory = mmap.mmap(self._map, ELEMENT * (BATCH + 1))
        code = program(self._map)
        instructions = ctypes.create_string_buffer(code, len(code))
        licence = ctypes.create_string_buffer(b"GPL")
        log = ctypes.create_string_buffer(1 << 16)
        try:
            self._program = bpf(PROG_LOAD, struct.pack(
                "=IIQQIIQII16sII", PROG_TYPE_SCHED_CLS, len(code) // 8,
                ctypes.addressof(instructions), ctypes.addressof(licence),
                1, len(log), ctypes.addressof(log), 0, 0, b"nsmux_test", 0,
                0))
        except OSError as error:
            raise RuntimeError(f"{error}: {log.value.decode()}") from error
        self._packet = ctypes.create_string_buffer(64)
        self._cookie_at = self._find_cookie()

    def _find_cookie(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            cookie = struct.pack("=Q", socket_cookie(sock))
            local = socket.inet_aton("127.0.0.1")
            port = struct.pack("!H", sock.getsockname()[1])
            self._run([(("udp", socket.AF_INET),
                        local + local + b"\0\1" + port)], 1)
            beginning = self._memory[ELEMENT + BEGINNING:
                                     ELEMENT + BEGINNING + BEGINNING_SIZE]
        if beginning.count(cookie) != 1:
            raise KsftSkipEx("the cookie is not at the beginning of a socket, "
                             "where it was expected")
        return ELEMENT + BEGINNING + beginning.index(cookie)

    def _run(self, tuples, device):
        memory = self._memory
        for place, (kind, data) in enumerate(tuples):
            start = ELEMENT * (place + 1)
            memory[start:start + len(data)] = data
            struct.pack_into("=II", memory, start + KIND, KINDS.index(kind),
                             0)
        struct.pack_into("=I", memory, 0, 1)
        context = bytearray(CONTEXT_SIZE)
        struct.pack_into("=I", context, CONTEXT_DEVICE, device)
        context = ctypes.create_string_buffer(bytes(context), CONTEXT_SIZE)
        bpf(PROG_TEST_RUN, struct.pack(
            "=IIIIQQIIIIQQIIII", self._program, 0, len(self._packet), 0,
            ctypes.addressof(self._packet), 0, len(tuples), 0, CONTEXT_SIZE,
            0, ctypes.addressof(context), 0, 0, 0, 0, 0))
        if struct.unpack_from("=I", memory)[0] != len(tuples) + 1:
            raise RuntimeError("the BPF program did not run to its end")

    def look_up(self, tuples, device):
        """State and cookie of the socket that each tuple finds.

        A tuple is a kind, of KINDS, and a struct bpf_sock_tuple; at most
        BATCH of them. A packet with it would arrive on the device (by
        index) in the calling thread's namespace. (0, 0) is nothing.
        """
        self._run(tuples, device)
        found = []
        for place in range(len(tuples)):
            start = ELEMENT * place
            state, = struct.unpack_from("=I", self._memory,
                                        start + ELEMENT + FOUND)
            cookie, = struct.unpack_from("=Q", self._memory,
                                         start + self._cookie_at)
            found.append((state, cookie if state else 0))
        return found

    def close(self):
        """Unload the program."""
        os.close(self._program)
        self._memory.close()
        os.close(self._map)
