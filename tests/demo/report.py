# SPDX-License-Identifier: GPL-2.0
"""The report: one table, 80 columns wide, and the last line."""
import os
import sys

import machine
import plan
from counters import DIRECTIONS, PROTOCOLS, packets
from servers import SOCKETS

INSIDE = 78             # columns between the outer lines of the table
LABEL = 18              # of them for the first column
HALF = 29               # and for what was received, or transmitted

BOLD, DIM, RED, GREEN = "1", "2", "31", "32"
PLAIN = str.maketrans("╭╮╰╯├┤┬┴┼─│·µ…→", "++++++" "+++-|.u~>")

WAYS = (("by-socket", "by the socket"), ("by-device", "by the device"),
        ("by-hook", "by the hook"))
# Sentences of a failure that are shown; one mistake can make thousands.
SHOWN = 10


def print_table(results, color):
    table = Table(color)
    heading(table, results)
    picture(table, results)
    facts(table, results)
    first_level(table, results)
    second_level(table, results)
    mode(table, results)
    cost(table, results.cost)
    print()
    table.print()


def heading(table, results):
    table.rule("╭─╮")
    table.line(f"nsmux {results.version}, mode {results.mode}", BOLD)
    table.line(f"{machine.kernel()}, {machine.processor()}")


def picture(table, results):
    direct = len(results.servers) - results.bridged
    table.rule("├─┤")
    table.line(f"                    ╭─ veth ──── {direct:>5,} namespaces "
               f"─╮ all of them {plan.INNER4},")
    table.line(f"client ─── router ──┤                              "
               f"├ {plan.INNER6},")
    table.line(f"                    ╰─ bridge ── {results.bridged:>5,} "
               f"namespaces ─╯ TCP and UDP port {plan.PORT}")


def facts(table, results):
    count = len(results.servers)
    table.rule("├─┤")
    table.fact("namespaces", count, "each with two addresses that all have")
    table.fact("sockets", SOCKETS * count,
               f"with the same name in each: port {plan.PORT}")
    for (tcp, udp), number in results.tables.items():
        table.fact("own tables", number,
                   f"of {tcp} buckets for TCP and of {udp} for UDP"
                   if tcp > 0 and udp > 0 else "shared with all others",
                   GREEN if tcp > 0 and udp > 0 else RED)
    right = results.answers.right
    all_right = right == results.answers_due
    table.fact("answers", results.answers_due,
               "all from the right namespace" if all_right
               else f"only {right:,} from the right namespace",
               GREEN if all_right else RED)


def first_level(table, results):
    values = results.totals
    table.rule("├┬┬┤")
    table.halves("packets", [
        f"{word}{packets(values, direction):>{HALF - 2 - len(word)},}"
        for word, direction in zip(("received", "transmitted"), DIRECTIONS)],
        BOLD)
    table.rule("├┼┼┤")
    table.halves("namespace found", ["", ""])
    for column, label in WAYS:
        table.numbers(f"  {label}", values, column)
    table.numbers("  disagreements", values, "disagree", GREEN, RED)
    table.numbers("  unparsed", values, "unparsed", GREEN, RED)


def second_level(table, results):
    values = results.totals
    table.rule("├┼┼┤")
    table.halves("socket found", [
        "".join(f"{protocol:>7}" for protocol in PROTOCOLS)
        for _ in DIRECTIONS])
    for outcome in results.outcomes:
        rows = [[values[direction, protocol, outcome]
                 for protocol in PROTOCOLS] for direction in DIRECTIONS]
        if any(map(any, rows)):
            label = "no socket" if outcome == "none" else outcome
            table.halves(f"  {label}", [
                "".join(f"{number:>7,}" if number else f"{'·':>7}"
                        for number in row) for row in rows])
    for column, label in (("no-table", "other protocols"),
                          ("fragment", "later fragments")):
        if any(values["resolved", direction, column]
               for direction in DIRECTIONS):
            table.numbers(label, values, column)


def mode(table, results):
    """What the modes beyond observe add."""
    if results.mode == "verify":
        table.numbers("disputes", results.totals, "demux-other", GREEN, RED,
                      block="modes")
        table.numbers("  of the sender", results.totals, "sender-other",
                      GREEN, RED, block="modes")
    if results.mode == "steer":
        table.numbers("steered", results.totals, "steered", block="modes")
        table.numbers("  left, by kind", results.totals, "left-kind",
                      block="modes")
        table.numbers("  by their form", results.totals, "left-form",
                      block="modes")


def cost(table, figures):
    table.rule("├┴┴┤")
    table.line(f"cost of observe    {figures.added / 1000:7.2f} µs   "
               f"({figures.low / 1000:.2f} … {figures.high / 1000:.2f} "
               "with 95 % confidence)", BOLD)
    table.line(f"a datagram over loopback: {figures.off / 1000:.2f} µs off, "
               f"{figures.observe / 1000:.2f} µs observe, sent and received",
               DIM)
    if machine.emulated():
        table.line("of an emulated processor: only the proportion means "
                   "anything elsewhere", DIM)
    table.rule("╰─╯")


def print_verdict(results):
    """What is wrong, and the line that says whether anything is."""
    for sentence in results.problems[:SHOWN]:
        print(f"nsmux demo: {sentence}")
    if len(results.problems) > SHOWN:
        print(f"nsmux demo: and {len(results.problems) - SHOWN:,} more")
    if results.problems:
        print("nsmux demo: failed, problems: "
              f"{len(results.problems):,}")
    else:
        count = len(results.servers)
        print(f"nsmux demo: {count} namespaces, {SOCKETS * count} sockets, "
              f"{results.packets} packets, "
              f"{results.disagreements} disagreements")


class Table:
    """Lines between box-drawing characters, or plain ones without UTF-8."""

    def __init__(self, color):
        self.lines = []
        self.colored = color == "always" or (
            color == "auto" and sys.stdout.isatty()
            and not os.environ.get("NO_COLOR"))

    def style(self, text, code):
        return f"\x1b[{code}m{text}\x1b[0m" if code and self.colored else text

    def rule(self, corners):
        """A horizontal line; four corners make one with three columns."""
        if len(corners) == 4:
            left, first, second, right = corners
            self.lines.append(left + "─" * LABEL + first + "─" * HALF
                              + second + "─" * HALF + right)
        else:
            left, line, right = corners
            self.lines.append(left + line * INSIDE + right)

    def line(self, text, code=""):
        self.lines.append(f"│ {self.style(f'{text:<{INSIDE - 2}}', code)} │")

    def fact(self, label, number, remark, code=""):
        remark = self.style(f"{remark:<{INSIDE - LABEL - 14}}", code)
        self.lines.append(f"│ {label:<{LABEL}}{number:>9,}   {remark} │")

    def halves(self, label, texts, code=""):
        cells = [f"{label:<{LABEL - 1}}"] + [f"{text:>{HALF - 1}}"
                                             for text in texts]
        first, *others = (self.style(cell, code) for cell in cells)
        self.lines.append(f"│ {first}│" + " │".join(others) + " │")

    def numbers(self, label, values, column, none="", some="",
                block="resolved"):
        """One number a direction, in colours for none and for some."""
        numbers = [values[block, direction, column]
                   for direction in DIRECTIONS]
        self.halves(label, [f"{number:,}" for number in numbers],
                    some if any(numbers) else none)

    def print(self):
        text = "\n".join(self.lines)
        if not sys.stdout.encoding.lower().startswith("utf"):
            text = text.translate(PLAIN)
        print(text)
