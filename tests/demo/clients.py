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
# Seconds without any answer after which those missing count as lost.
PATIENCE = 20

QUESTION = b"who are you?\n"


class Answers:
    """How many were right, and a sentence for each that was not."""

    def __init__(self, problems):
        self.right = 0
        self.problems = problems

    def check(self, asked, expected, answer):
        if answer == expected:
            self.right += 1
        else:
            self.problems.append(f"{asked} should be {text(expected)}, "
                                 f"but the answer was {text(answer)}")


def text(answer):
    return repr(answer.decode(errors="replace").rstrip("\n"))


def silence(protocol, addresses):
    first, *others = addresses
    more = f", nor did {len(others)} others" if others else ""
    return TimeoutError(f"{protocol} {first} did not answer for {PATIENCE} s"
                        + more)


def ask_udp(answers, family, port, due, rounds):
    """Ask each address of due so many times, from one socket."""
    source = plan.CLIENT6 if family == socket.AF_INET6 else plan.CLIENT4
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((source, port))
        sock.settimeout(PATIENCE)
        for number in range(rounds):
            question = b"%d: " % number
            waiting = {}
            for address, answer in due.items():
                waiting[address] = question + answer
                sock.sendto(question, (address, plan.PORT))
                if len(waiting) == WINDOW:
                    take_answer(answers, sock, waiting)
            while waiting:
                take_answer(answers, sock, waiting)


def take_answer(answers, sock, waiting):
    try:
        answer, (address, *_) = sock.recvfrom(4096)
    except TimeoutError:
        raise silence("udp", waiting) from None
    # An answer from somebody who was not asked is right for nobody.
    answers.check(f"udp {address}", waiting.pop(address, b"silent"), answer)


def ask_tcp(answers, family, due, questions):
    """One connection to each address of due, with several questions."""
    to_ask = iter(due.items())
    talking = {}
    with select.epoll() as epoll:
        while True:
            for address, answer in islice(to_ask, WINDOW - len(talking)):
                sock = socket.socket(family, socket.SOCK_STREAM
                                     | socket.SOCK_NONBLOCK)
                talk = conversation(sock, answers, address, answer, questions)
                talking[sock.fileno()] = (sock, talk, address)
                epoll.register(sock, next(talk))
            if not talking:
                return
            events = epoll.poll(PATIENCE)
            if not events:
                raise silence("tcp", (address for _, _, address
                                      in talking.values()))
            for fd, _ in events:
                sock, talk, address = talking[fd]
                try:
                    epoll.modify(fd, next(talk))
                    continue
                except StopIteration:
                    pass
                except OSError as error:
                    answers.problems.append(f"tcp {address}: "
                                            f"{error.strerror}")
                talking.pop(fd)
                sock.close()


def conversation(sock, answers, address, due, questions):
    """Talk over one connection; yields the event that has to come next."""
    sock.connect_ex((address, plan.PORT))
    yield select.EPOLLOUT
    for left in reversed(range(questions)):
        sock.send(QUESTION if left else FAREWELL)
        yield select.EPOLLIN
        answers.check(f"tcp {address}", due, sock.recv(4096))
    yield select.EPOLLIN
    rest = sock.recv(4096)
    if rest:
        answers.problems.append(f"tcp {address} went on after the farewell, "
                                f"with {text(rest)}")
