# SPDX-License-Identifier: GPL-2.0
"""Many messages for one system call, sendmmsg(2), as ctypes has them."""
import ctypes


class IoVector(ctypes.Structure):
    """struct iovec"""

    _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]


class MessageHeader(ctypes.Structure):
    """struct msghdr"""

    _fields_ = [("name", ctypes.c_char_p), ("name_length", ctypes.c_uint32),
                ("vector", ctypes.POINTER(IoVector)),
                ("vectors", ctypes.c_size_t),
                ("control", ctypes.c_void_p),
                ("control_length", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class Message(ctypes.Structure):
    """struct mmsghdr"""

    _fields_ = [("header", MessageHeader), ("sent", ctypes.c_uint)]


def messages(number, content, name=None):
    """So many of the same message, to a socket address if it is given."""
    vector = IoVector(content, len(content))
    array = (Message * number)()
    for message in array:
        message.header.vector = ctypes.pointer(vector)
        message.header.vectors = 1
        if name:
            message.header.name = name
            message.header.name_length = len(name)
    return array
