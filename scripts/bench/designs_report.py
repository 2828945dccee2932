# SPDX-License-Identifier: GPL-2.0
"""Pictures of what the designs take, and the figures that the report's sentences have of it."""

from bench import lines
from bench.designs import (
    ADDRESSES, BASE, COLD, DESIGNS, MIXED, NAMES, PERCENT, cells, measure, table,
)
from bench.intervals import shown

# A part of `make bench` measures, and has a table.
__all__ = ["measure", "table", "pictures", "replaced"]

HIT = "hit uniform"
OVER_NAMESPACES = "namespaces"
TIMES = "times as long as behind a pointer, with the kernel's chains"


def drawn(part, question, at, wanted, figure):
    """A line: at each cell that is wanted, what a figure is there."""
    found = sorted((at(*numbers), figure(designs)) for numbers, designs in cells(part, question)
                   if wanted(*numbers) and figure(designs) is not None)
    return [lines.Point(place, **values) for place, values in found]


def exact(value):
    """A figure that is the same each time."""
    return {"median": value, "low": value, "high": value}


def ratio_of(design, kind=HIT):
    """How a design compares, in a cell that it is in."""
    return lambda found: found[design]["ratio"][kind] if design in found else None


def over_namespaces(part, designs, sockets, kind=HIT):
    """A panel for each number of sockets: ratios over namespaces."""
    return [lines.Panel(
        f"{number:,} socket{'s' if number > 1 else ''} in each",
        [lines.Line(DESIGNS[design], drawn(
            part, "measure", lambda namespaces, _: namespaces,
            lambda _, sockets, number=number: sockets == number, ratio_of(design, kind)))
         for design in designs]) for number in sockets]


def over_sockets(part, designs, namespaces, figure_of):
    """A panel for each number of namespaces: something over sockets."""
    return [lines.Panel(
        f"{number:,} namespace{'s' if number > 1 else ''}",
        [lines.Line(DESIGNS[design], drawn(
            part, "measure", lambda _, sockets: sockets,
            lambda namespaces, _, number=number: namespaces == number,
            figure_of(design, number)))
         for design in designs]) for number in namespaces]


def first_level(part):
    """Does the hash of the first level cost anything?"""
    designs = ("hash/chain", "stash/chain", "global/chain", "noop/chain")
    return lines.svg("A lookup that hits: other first levels, compared with a pointer",
                     OVER_NAMESPACES, TIMES, over_namespaces(part, designs, (1, 64, 1024)), 1)


def filtering(part):
    """What does the mux gain over filtering?"""
    def line(name, addresses, kind):
        text = NAMES[name] + (f", {addresses} in each" if name == "filter" else "")
        return lines.Line(text, drawn(
            part, "bind", lambda contexts, _: contexts, lambda _, each: each == addresses,
            lambda found: found[name]["time"][kind]))

    panels = [lines.Panel(title, [line("mux", 1, kind), line("keyed", 1, kind)]
                          + [line("filter", addresses, kind) for addresses in ADDRESSES])
              for kind, title in (("accept", "accept"), ("bind", "bind"))]
    return lines.svg("Who accepts a connection, and who may bind: tables filtered, and not",
                     "contexts, each with a listener on the same port", "nanoseconds", panels)


def beside(part):
    """What does a private table save?"""
    panel = lines.Panel("a hit in one of 15 namespaces with 64 sockets", [
        lines.Line(DESIGNS[design], drawn(
            part, "beside", lambda crowd: crowd, lambda crowd: True,
            lambda found, design=design: found[design]["time"]["hit"]))
        for design in (BASE, "global/chain")])
    return lines.svg("A lookup beside a crowd", "sockets that the 16th namespace has more",
                     "nanoseconds", [panel])


def memory(part):
    """And what does it cost?"""
    designs = ("global/chain", BASE, "pointer/large", "pointer/pages", "pointer/rhashtable",
               "pointer/xarray", "pointer/rbtree", "pointer/trie")

    def of(design, namespaces):
        return lambda found: (exact(found[design]["bytes"] / namespaces)
                              if design in found else None)

    return lines.svg("What tables take for each namespace", "sockets in each namespace", "bytes",
                     over_sockets(part, designs, (1, 256, 1024), of))


def trees(part):
    """Can a tree replace the hash?"""
    designs = ("pointer/rhashtable", "pointer/xarray", "pointer/rbtree", "pointer/trie")
    return lines.svg("A lookup that hits: other second levels, compared with the kernel's chains",
                     "sockets in each namespace", TIMES, over_sockets(
                         part, designs, (1, 16, 256), lambda design, _: ratio_of(design)), 1)


def large(part):
    """How should a large table be allocated?"""
    designs = ("pointer/large", "pointer/pages")
    return lines.svg("A lookup that hits: tables that are mapped, or of single pages",
                     OVER_NAMESPACES, TIMES, over_namespaces(part, designs, (1, 64, 1024)), 1)


def sizes(namespaces, sockets):
    """A cell, for a person."""
    return (f"{namespaces:,} namespace{'s' if namespaces > 1 else ''}, "
            f"{sockets:,} socket{'s' if sockets > 1 else ''} in each")


def mixed(part):
    """What if sockets come and go among lookups?"""
    panels = [lines.Panel(sizes(*numbers), [
        lines.Line(DESIGNS[design], [
            lines.Point(int(percent), **found[design]["time"][f"{percent} %"])
            for percent in PERCENT]) for design in MIXED])
        for numbers, found in cells(part, "mixed")]
    return lines.svg("Lookups with changes among them: a socket is taken out, or put in again",
                     "changes, of a hundred operations", "nanoseconds for an operation", panels)


def cold(part):
    """What if something else has filled the caches?"""
    panels = [lines.Panel(f"caches {state}", [
        lines.Line(DESIGNS[design], drawn(
            part, "cold", lambda namespaces, _: namespaces, lambda *_: True,
            lambda found, design=design, state=state: found[design]["time"][state]))
        for design in COLD]) for state in ("hot", "cold")]
    return lines.svg("A lookup that hits, at once and after something else has filled the caches",
                     "namespaces, with 64 sockets in each", "nanoseconds", panels)


PICTURES = {"first-level": first_level, "filtering": filtering, "beside": beside, "memory": memory,
            "trees": trees, "large": large, "mixed": mixed, "cold": cold}


def pictures(part):
    """Name -> picture."""
    return {name: draw(part) for name, draw in PICTURES.items()}


def replaced(part):
    """The figures that sentences have: name -> text."""
    yield "boots", str(part["boots"])
    yield from of_lookups(part)
    for numbers, found in cells(part, "bind"):
        for name, figures in found.items():
            for kind, time in figures["time"].items():
                where = "x".join(map(str, numbers))
                yield f"{name} {kind} {where}", shown(time, ",.1f")
    for (crowd,), found in cells(part, "beside"):
        for design, figures in found.items():
            yield f"{design} beside {crowd}", shown(figures["time"]["hit"], ".1f")
    for question in ("mixed", "cold"):
        yield from of_question(part, question)
    yield "hash costs from", costs_from(part, "hash/chain", 1)


def of_lookups(part):
    """Times, ratios and bytes of what is measured in every size."""
    for numbers, found in cells(part, "measure"):
        where = "x".join(map(str, numbers))
        for design, figures in found.items():
            for kind, short in ((HIT, ""), ("hit zipf", " zipf"), ("change", " change")):
                yield f"{design} {where}{short}", shown(figures["ratio"][kind], ".2f")
            for kind, short in ((HIT, "ns"), ("make", "make ns"), ("end", "end ns")):
                yield f"{design} {where} {short}", shown(figures["time"][kind], ",.1f")
            yield f"{design} {where} bytes", f"{figures['bytes'] / numbers[0]:,.0f}"
            each = figures["bytes"] / (numbers[0] * numbers[1])
            yield f"{design} {where} bytes each", f"{each:,.0f}"


def of_question(part, question):
    """Times of each kind, compared with the base, and with lookups alone."""
    for numbers, found in cells(part, question):
        where = "x".join(map(str, numbers))
        for design, figures in found.items():
            for kind, time in figures["time"].items():
                name = f"{design} {kind} {where}"
                yield name, shown(time, ",.1f")
                yield f"{name} ratio", shown(figures["ratio"][kind], ".2f")
                if "growth" in figures:
                    yield f"{name} growth", shown(figures["growth"][kind], ".2f")


def costs_from(part, design, sockets):
    """The fewest namespaces with which a design takes longer for sure, of those measured."""
    costly = [numbers[0] for numbers, designs in cells(part, "measure")
              if numbers[1] == sockets and designs[design]["ratio"][HIT]["low"] > 1]
    return f"{min(costly):,}" if costly else "no number"
