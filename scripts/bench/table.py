# SPDX-License-Identifier: GPL-2.0
"""Shows figures to a person."""

from bench import figures as f

# The rows, from the cheapest to the dearest, with what they are.
ROWS = {
    "empty-in": "empty hook, received",
    "empty-both": "empty hooks, both ways",
    "direct": "C: least lookup, received",
    "slow": "C: nf_sk_lookup_slow, rec.",
    "fast": "C: as observe",
    "nft": "nft: socket mark, both",
    "sk-lookup": "BPF: sk_lookup attached",
    "tc": "BPF: bpf_sk_lookup in tc",
    "off": "nsmux off",
    "observe": "nsmux observe",
    "verify": "nsmux verify",
    "steer": "nsmux steer",
}
FIRST, COLUMN = 27, 8
SHORT = {"udp": "udp", "udp-connected": "udp-con", "tcp": "tcp", "ack": "ack", "syn": "syn",
         "miss": "miss"}


def number(value, signed=True):
    """A figure without its fraction; 0 is 0, whatever it was before."""
    rounded = round(value)
    return f"{rounded:+,}" if signed and rounded else f"{rounded:,}"


def line(first, cells):
    """A row of a table."""
    return f"{first:<{FIRST}}" + "".join(f"{text:>{COLUMN}}" for text in cells)


def costs(figures, way):
    """What everybody costs on packets that go one way."""
    columns = [(family, kind) for family in f.FAMILIES for kind in f.KINDS]
    yield line(way, [f"IPv{family}" if kind == "udp" else "" for family, kind in columns]).rstrip()
    yield line("", [SHORT[kind] for _, kind in columns])
    yield line("nothing in the way", [
        number(figures.path(f.NOTHING, kind, family, way), signed=False)
        for family, kind in columns])
    for contender, text in ROWS.items():
        yield line(text, [number(figures.cost(contender, kind, family, way))
                          for family, kind in columns])
    yield line("the kernel's own lookups", [
        number(figures.lookups(kind, family, way), signed=False) for family, kind in columns])


def own(figures):
    """The own instructions of nsmux and of the hook in C."""
    columns = [(family, kind) for family in f.FAMILIES for kind in f.ONE_WAY]
    yield line("own instructions", [f"IPv{family}" if kind == "udp" else ""
                                    for family, kind in columns]).rstrip()
    yield line("", [SHORT[kind] for _, kind in columns])
    for contender in ("fast", "observe", "steer"):
        name = {"fast": "C"}.get(contender, contender)
        if contender != "steer":
            yield line(f"{name}, received", [
                number(figures.received(contender, kind, family, f.VETH), signed=False)
                for family, kind in columns])
        yield line(f"{name}, with its socket", [
            number(figures.received(contender, kind, family, f.DEMUX), signed=False)
            if kind in f.DEMULTIPLEXED else "·" for family, kind in columns])
        yield line(f"{name}, transmitted", [
            number(figures.transmitted(contender, kind, family), signed=False)
            if kind in f.SENT_BY_THEIR_OWN else "·" for family, kind in columns])


def goals(reached):
    """Each goal beside its figure."""
    width = max(len(goal.name) for goal in reached)
    yield f"{'goal':<{width}}{'at most':>9}{'now':>9}"
    for goal in reached:
        limit, now = (f"{value:.2f}" if goal.is_ratio else number(value, signed=False)
                      for value in (goal.most, goal.figure))
        yield f"{goal.name:<{width}}{limit:>9}{now:>9}  {'reached' if goal.reached else 'missed'}"


def page(figures, reached):
    """All of it."""
    yield "Instructions a packet, sent and received; for tcp, a byte and its acknowledgement."
    for kind, text in f.KINDS.items():
        yield f"    {SHORT[kind]:<9}{text}"
    for way in f.WAYS:
        yield ""
        yield from costs(figures, way)
    yield ""
    yield from own(figures)
    yield ""
    yield from goals(reached)
