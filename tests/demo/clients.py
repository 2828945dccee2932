# SPDX-License-Identifier: GPL-2.0
"""The clients: they ask every outer address who answers, and check it."""
import select
import socket
from itertools import islice

import plan
from servers import FAREWELL

# So many questions are under way at once: few enough for the queues of the
# devices and sockets in between, many enough to keep both processors busy.
WINDOW = 48
# Seconds without a single answer after which those missing count as lost.
PATIENCE = 20

QUESTION = b"who are you?\n"


class Answers:
    """How many were right, and a sentence for each that was not."""

    def __init__(self):
        self.right = 0
        self.wrong = []

    def check(self, asked, expected, answer):
        if answer == expected:
            self.right += 1
        else:
            self.wrong.append(f"{asked} should be {text(expected)}, "
                              f"but the answer was {text(answer)}")

    def missing(self, asked, expected):
        self.wrong.append(f"{asked}, which is {text(expected)}, "
                          f"did not answer for {PATIENCE} s")

    def failed(self, asked, expected, error):
        self.wrong.append(f"{asked}, which is {text(expected)}: {error}")


def text(answer):
    return repr(answer.decode(errors="replace").rstrip("\n"))


def ask_udp(answers, family, port, expected, rounds):
    """Ask each address of expected so many times, from one socket."""
    source = plan.CLIENT6 if family == socket.AF_INET6 else plan.CLIENT4
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((source, port))
        sock.settimeout(PATIENCE)
        for number in range(rounds):
            question = b"%d: " % number
            waiting = {}
            to_ask = iter(expected.items())
            for address, answer in to_ask:
                waiting[address] = answer
                sock.sendto(question, (address, plan.PORT))
                if len(waiting) == WINDOW:
                    take_answer(answers, sock, waiting, question)
            while waiting:
                take_answer(answers, sock, waiting, question)


def take_answer(answers, sock, waiting, question):
    try:
        answer, (address, *_) = sock.recvfrom(4096)
    except TimeoutError:
        for address, expected in waiting.items():
            answers.missing(f"udp {address}", expected)
        waiting.clear()
        return
    # An answer from nobody who was asked must not look like the right one.
    expected = waiting.pop(address, b"nobody")
    answers.check(f"udp {address}", question + expected, answer)


def ask_tcp(answers, family, expected, questions):
    """One connection to each address of expected, with several questions."""
    to_ask = iter(expected.items())
    talking = {}
    with select.epoll() as epoll:
        while True:
            for address, answer in islice(to_ask, WINDOW - len(talking)):
                sock = socket.socket(family, socket.SOCK_STREAM
                                     | socket.SOCK_NONBLOCK)
                talk = conversation(sock, answers, address, answer, questions)
                talking[sock.fileno()] = (sock, talk, address, answer)
                epoll.register(sock, next(talk))
            if not talking:
                return
            events = epoll.poll(PATIENCE)
            if not events:
                break
            for fd, _ in events:
                sock, talk, address, answer = talking[fd]
                try:
                    epoll.modify(fd, next(talk))
                except StopIteration:
                    talking.pop(fd)
                    sock.close()
                except OSError as error:
                    answers.failed(f"tcp {address}", answer, error)
                    talking.pop(fd)
                    sock.close()
    for sock, _, address, answer in talking.values():
        answers.missing(f"tcp {address}", answer)
        sock.close()


def conversation(sock, answers, address, expected, questions):
    """Talk over one connection; yields the event that has to come next."""
    sock.connect_ex((address, plan.PORT))
    yield select.EPOLLOUT
    for left in reversed(range(questions)):
        sock.send(QUESTION if left else FAREWELL)
        yield select.EPOLLIN
        answers.check(f"tcp {address}", expected, sock.recv(4096))
    yield select.EPOLLIN
    rest = sock.recv(4096)
    if rest:
        answers.wrong.append(f"tcp {address} went on after the farewell, "
                             f"with {text(rest)}")
