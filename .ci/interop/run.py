#!/usr/bin/env python3
"""Runs memo-peer against real hio 0.7.20 peers, both ways, and fails if any memo does not arrive whole.

run.py MEMO_PEER HIO_PYTHON [--only WORD…]

Transports UDP and UXD, kinds plain and signed, heads in text and binary, memos from 1 byte to 1 MiB, gram sizes 200,
1240 and 65507. What hio itself cannot carry is left out, and only that:
* its UDP sender never pauses, and checking a signature takes us longer than it takes to make one, so a signed memo of
  more grams than the receive buffer holds is lost: from hio at gram size 200 the largest signed memo is 256 KiB;
* its UXD sender loses every memo of more grams than the receiver's queue holds (it drops what the kernel refuses with
  EAGAIN), so from hio over UXD only memos of at most 11 grams are sent;
* its binary plain sender writes count 0 into memos of 1 to 8 bytes; ours reads that as 1, so these are run.
"""
from itertools import product

from peers import HERE, SEED, Peer, expected, memo_words, run_all

SIZES = [1, 9, 1000, 5000, 65536, 1 << 20]


def hio_can_send(case, size):
    """UDP: what a receive buffer holds while signatures are checked. UXD: what the receiver's queue takes, 11 grams."""
    body = case["gram"] - (120 if case["kind"] == "signed" else 32)
    if case["transport"] == "udp":
        return case["kind"] == "plain" or size <= 4000 * body
    return size <= 11 * body - 60


def options(case):
    words = ["--kind", case["kind"], "--domain", case["domain"], "--size", case["gram"]]
    return words + (["--seed-key", SEED] if case["kind"] == "signed" else [])


def our_place(case, folder, name):
    return ["--udp", "127.0.0.1:0"] if case["transport"] == "udp" else ["--uxd", f"{folder}/{name}.uxd"]


def hio_place(case, folder, name):
    return ["--udp", 0] if case["transport"] == "udp" else ["--uxd", name, "--head", folder]


def to_hio(case, memo_peer, python, folder):
    """memo-peer sends each size; one hio peer hears them all."""
    listener = Peer(python, f"{HERE}/hio_peer.py", "listen", "--count", len(SIZES), "--time", 90, *options(case),
                    *hio_place(case, folder, "ear"))
    address = listener.wait_for("open")["address"]
    for i, size in enumerate(SIZES):
        sender = Peer(memo_peer, "send", "--json", *our_place(case, folder, "mouth"), "--to", address, *options(case),
                      *memo_words(folder, i, size))
        status = sender.end()
        if status != 0:
            listener.stop()
            return f"memo-peer ended with {status}: {sender.errors[-3:]} {sender.events[-2:]}"
    return judge(listener, listener.end(), SIZES, case)


def from_hio(case, memo_peer, python, folder):
    """One memo-peer hears what one hio peer sends."""
    sizes = [size for size in SIZES[:-1] + [1 << 18, 1 << 20] if hio_can_send(case, size)]
    listener = Peer(memo_peer, "listen", *our_place(case, folder, "ear"), *options(case), "--count", len(sizes),
                    "--time", 90, "--json")
    address = listener.wait_for("open")["address"]
    # An unread UXD queue is short, so hio's sender pauses between its memos.
    sender = Peer(python, f"{HERE}/hio_peer.py", "send", *hio_place(case, folder, "mouth"), "--to", address, "--sizes",
                  ",".join(map(str, sizes)), "--time", 90, "--gap", 0.05, *options(case))
    status = sender.end()
    if status != 0:
        listener.stop()
        return f"hio ended with {status}: {sender.errors[-3:]}"
    return judge(listener, listener.end(), sizes, case)


def judge(listener, status, sizes, case):
    want, got = expected(sizes), listener.memos()
    if status != 0 or got != want:
        lengths = [n for n, _ in got]
        return f"status {status}, heard {lengths}, wanted {sizes}: {listener.errors[-3:]} {listener.events[-1:]}"
    if (None in listener.vids()) == (case["kind"] == "signed"):
        return f"vids {listener.vids()}"
    return None


def cases():
    values = product((to_hio, from_hio), ("udp", "uxd"), ("plain", "signed"), ("text", "binary"), (200, 1240, 65507))
    for run, *words in values:
        yield run, dict(zip(("transport", "kind", "domain", "gram"), words))


if __name__ == "__main__":
    # Over UDP nothing slows a sender down for a slow reader, hio or ours: there both need a core of their own.
    run_all(cases(), together=2, alone=lambda run, case: case["transport"] == "udp")
