#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`nsmux metrics`, read by Prometheus's own parsers."""

import contextlib
import os
import subprocess

from lib import program, status, tool
from lib.topology import Namespace
from net.lib.py import ksft_eq
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

PORT = 9811
DATAGRAMS = 5


@contextlib.contextmanager
def counted():
    """A namespace in which datagrams found a socket, and others none."""
    with Namespace() as namespace:
        namespace.ip("link set lo up")
        namespace.set_mode("observe")
        with namespace.udp("127.0.0.1", PORT) as receiver, namespace.udp("127.0.0.1") as sender:
            for _ in range(DATAGRAMS):
                sender.sendto(b"", ("127.0.0.1", PORT))
                receiver.recv(1)
            yield namespace


def samples(families, name, **labels):
    """The values of that metric's samples with these labels."""
    return [sample.value for family in families for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()]


def check_families(families, namespace):
    """They tell of the namespace what /proc/net/nsmux tells."""
    now = status.read(namespace)
    where = {"netns": namespace.name, "cookie": str(namespace.cookie)}
    ksft_eq(samples(families, "nsmux_namespace_mode", mode="observe", **where), [1])
    ksft_eq(samples(families, "nsmux_namespace_mode", mode="off", **where), [0])
    for direction in ("receive", "transmit"):
        for by in ("socket", "device", "hook"):
            ksft_eq(samples(families, "nsmux_packets_total", direction=direction, by=by, **where),
                    [now.counts[direction, f"by-{by}"]])
        for outcome in ("connected", "unconnected", "none"):
            ksft_eq(samples(families, "nsmux_lookups_total", direction=direction, protocol="udp",
                            outcome=outcome, **where),
                    [now.counts[direction, "udp", outcome]])
    ksft_eq(samples(families, "nsmux_lookups_total", direction="receive", protocol="udp",
                    outcome="unconnected", **where), [DATAGRAMS])


def test_openmetrics():
    """The strict parser of OpenMetrics takes it."""
    with counted() as namespace:
        text = tool.run("metrics").text
        check_families(list(openmetrics.text_string_to_metric_families(text)), namespace)


def test_older_text():
    """So does the parser of the older format, and the numbers are the same."""
    with counted() as namespace:
        text = tool.run("metrics", "--format", "text").text
        check_families(list(parser.text_string_to_metric_families(text)), namespace)


def test_strange_names():
    """A name with every character that has to be escaped is read back as it is."""
    name = f'nsmux-{os.getpid()} "quoted" \\ and {{more}}=,'
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        families = list(openmetrics.text_string_to_metric_families(
            tool.run("metrics", "--netns", name).text))
        ksft_eq({sample.labels["netns"] for family in families for sample in family.samples},
                {name})
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def test_json():
    """The same numbers as JSON."""
    with counted() as namespace:
        families = list(openmetrics.text_string_to_metric_families(
            tool.run("metrics", "--netns", namespace.name).text))
        for told in tool.ask("metrics", "--netns", namespace.name):
            suffix = "_total" if told["type"] == "counter" else ""
            for sample in told["samples"]:
                ksft_eq(samples(families, told["name"] + suffix, **sample["labels"]),
                        [sample["value"]])


if __name__ == "__main__":
    program.run(globals())
