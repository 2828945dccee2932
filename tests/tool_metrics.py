#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`nsmux metrics`, read by Prometheus's own parsers, from its output and over HTTP."""

import contextlib
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

from lib import kernel_module, program, status, tool
from lib.patience import end_after, stretched
from lib.topology import Namespace
from net.lib.py import ksft_eq, ksft_in, ksft_true
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

OPENMETRICS = "application/openmetrics-text"
PORT = 9811
PATIENCE = 30
DATAGRAMS = 5

# What is counted of packets beside lookups: the metric, its label, and by the label's value the
# column of /proc/net/nsmux.
COUNTED = {
    ("nsmux_packets_total", "by"): {by: f"by-{by}" for by in ("socket", "device", "hook")},
    ("nsmux_skipped_packets_total", "reason"): {
        reason: reason for reason in ("unparsed", "fragment", "no-table", "routed", "dropped")},
    ("nsmux_preassigned_packets_total", "by"): {by: by for by in ("early-demux", "chosen")},
    ("nsmux_disagreements_total", None): {None: "disagree"},
    ("nsmux_tapped_packets_total", None): {None: "tapped"},
    ("nsmux_steered_packets_total", None): {None: "steered"},
    ("nsmux_left_packets_total", "reason"): {
        reason: f"left-{reason}" for reason in ("kind", "device", "form")},
    ("nsmux_disputes_total", "with"): {"early-demux": "demux-other", "sender": "sender-other"},
    ("nsmux_twin_packets_total", None): {None: "twin"},
}


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
        for (name, label), columns in COUNTED.items():
            for value, column in columns.items():
                labels = {label: value} if label else {}
                ksft_eq(samples(families, name, direction=direction, **labels, **where),
                        [now.counts[direction, column]], column)
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
        inode = os.stat(f"/run/netns/{name}").st_ino
        # As list writes it, which is how it is asked for.
        label, = [told["netns"] for told in tool.ask("list")
                  if told["inode"] == inode]
        families = list(openmetrics.text_string_to_metric_families(
            tool.run("metrics", "--netns", label).text))
        ksft_eq({sample.labels["netns"] for family in families for sample in family.samples},
                {label})
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


@contextlib.contextmanager
def served():
    """It serves metrics on a loopback port, which is given back as the address.

    The calling thread is in its namespace, whose loopback device is up. It sees all namespaces
    from there, since it is root's of the initial user namespace.
    """
    address = f"127.0.0.1:{PORT}"
    with Namespace() as home:
        home.ip("link set lo up")
        with home.enter(), tool.start("metrics", "--listen", address) as server:
            try:
                wait_for_listener(server)
                yield address
            finally:
                server.terminate()


def wait_for_listener(server):
    """Until somebody can connect."""
    end = end_after(PATIENCE)
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        if server.poll() is not None or time.monotonic() > end:
            raise TimeoutError("it does not listen")
        time.sleep(0.01)


def fetch(address, accept=None, place="/metrics"):
    """The answer: its type and its text."""
    headers = {"Accept": accept} if accept else {}
    request = urllib.request.Request(f"http://{address}{place}", headers=headers)
    with urllib.request.urlopen(request, timeout=stretched(PATIENCE)) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def test_served():
    """Over HTTP, in the format that the asker accepts."""
    with counted() as namespace, served() as address:
        kind, text = fetch(address, f"{OPENMETRICS};version=1.0.0,text/plain;q=0.5")
        ksft_in(OPENMETRICS, kind)
        check_families(list(openmetrics.text_string_to_metric_families(text)), namespace)
        kind, text = fetch(address)
        ksft_in("text/plain", kind)
        check_families(list(parser.text_string_to_metric_families(text)), namespace)
        try:
            fetch(address, place="/elsewhere")
            ksft_true(False, "there is only /metrics")
        except urllib.error.HTTPError as error:
            ksft_eq(error.code, 404)


def test_served_without_module():
    """It keeps serving, says 503 meanwhile, and goes on when the module is back."""
    with served() as address:
        kernel_module.rmmod()
        try:
            fetch(address)
            ksft_true(False, "there is nothing to serve")
        except urllib.error.HTTPError as error:
            ksft_eq(error.code, 503)
        finally:
            kernel_module.insmod()
        ksft_in("nsmux_namespace_mode", fetch(address)[1])


if __name__ == "__main__":
    # One of them takes the module away for a while.
    program.run_alone(globals(), load_first=True)
