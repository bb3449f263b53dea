#!/usr/bin/env python3
"""Sure memos of memo-peer against real hio 0.7.20 peers, which know their codes and nothing else of them.

sure.py MEMO_PEER HIO_PYTHON [--only WORD…]

A hio peer takes sure memos as ordinary ones and never acknowledges them. So every memo must arrive there once (with
no probes), the sender must say `neverHeard`, which is the truth, and the hio process must live: an ack that nobody
asked for would end it. What hio sends is no sure memo, and must not be answered with an ack.
"""
import time
from itertools import product

from peers import HERE, SEED, Peer, expected, memo_text, memo_words, run_all
from run import hio_place, our_place

SIZES = [1, 9, 1000, 5000, 65536]


def signing(case):
    return ["--seed-key", SEED] if case["kind"] == "sure-signed" else []


def hio_peer(case, python, folder, mode, *words):
    kind = "signed" if case["kind"] == "sure-signed" else "plain"
    return Peer(python, f"{HERE}/hio_peer.py", mode, *hio_place(case, folder, "hio"), "--kind", kind, "--domain",
                case["domain"], "--size", case["gram"], "--time", 60, *signing(case), *words)


def our_peer(case, memo_peer, folder, mode, name, *words):
    return Peer(memo_peer, mode, "--json", *our_place(case, folder, name), "--kind", case["kind"], "--domain",
                case["domain"], "--size", case["gram"], *signing(case), *words)


def to_hio(case, memo_peer, python, folder):
    """Each memo arrives at hio, once; each sender says that it never heard of it."""
    listener = hio_peer(case, python, folder, "listen", "--count", len(SIZES) + 1)
    address = listener.wait_for("open")["address"]
    # A memo more than the sizes, plain and last: hio is alive and listening after all the others.
    for number, size in enumerate(SIZES):
        words = ["--to", address, "--window", 4096, "--probes", 0, *memo_words(folder, number, size)]
        sender = our_peer(case, memo_peer, folder, "send", f"mouth{number}", *words)
        status = sender.end()
        end = [e for e in sender.events if e["event"] == "end"]
        if status != 1 or sender.outcomes() != ["neverHeard"] or not end or end[0]["acks"] != 0:
            listener.stop()
            return f"sender of {size}: status {status}, {sender.events[-3:]} {sender.errors[-3:]}"
        if not [e["indeterminate"] for e in sender.events if e["event"] == "outcome"][0]:
            listener.stop()
            return "neverHeard is not called indeterminate"
    plain = "signed" if case["kind"] == "sure-signed" else "plain"
    last = Peer(memo_peer, "send", *our_place(case, folder, "last"), "--kind", plain, "--to", address, "--json",
                "--memo", memo_text(len(SIZES), 10), *signing(case))
    last.end()
    status = listener.end()
    if status != 0 or listener.memos() != expected([*SIZES, 10]):
        return f"hio: status {status}, heard {[n for n, _ in listener.memos()]}: {listener.errors[-3:]}"
    return None


def probed(case, memo_peer, python, folder):
    """With two probes a memo of one gram is heard three times, as the documentation says, one of several grams once."""
    listener = hio_peer(case, python, folder, "listen", "--count", 5)
    address = listener.wait_for("open")["address"]
    one = our_peer(case, memo_peer, folder, "send", "one", "--to", address, "--probes", 2, "--memo", "one")
    several = our_peer(case, memo_peer, folder, "send", "several", "--to", address, "--probes", 2, "--memo",
                       memo_text(0, 5 * case["gram"]))
    results = [one.end(), one.outcomes(), several.end(), several.outcomes()]
    time.sleep(1)
    lengths = sorted(n for n, _ in listener.memos())
    listener.stop()
    if results != [1, ["neverHeard"]] * 2 or lengths != [3, 3, 3, 5 * case["gram"]]:
        return f"{results}, heard {lengths}: {listener.errors[-3:]}"
    return None


def from_hio(case, memo_peer, python, folder):
    """hio's own memos arrive at a sure peer, which sends no ack."""
    # hio's UXD sender loses what its receiver's queue does not hold: eleven grams.
    body = case["gram"] - (120 if case["kind"] == "sure-signed" else 32)
    sizes = [n for n in SIZES if case["transport"] == "udp" or n <= 11 * body - 60]
    listener = our_peer(case, memo_peer, folder, "listen", "ear", "--count", len(sizes), "--time", 60)
    address = listener.wait_for("open")["address"]
    sender = hio_peer(case, python, folder, "send", "--to", address, "--sizes", ",".join(map(str, sizes)), "--gap", 0.1)
    status, ours = sender.end(), listener.end()
    end = [e for e in listener.events if e["event"] == "end"]
    if status != 0 or ours != 0 or listener.memos() != expected(sizes) or not end or end[0]["acks"] != 0:
        heard = [n for n, _ in listener.memos()]
        return f"hio {status}, ours {ours}, heard {heard}, end {end}: {sender.errors[-3:]} {listener.errors[-3:]}"
    return None


def cases():
    for run, *words in product((to_hio, from_hio), ("udp", "uxd"), ("sure", "sure-signed"), ("text", "binary")):
        yield run, dict(zip(("transport", "kind", "domain", "gram"), [*words, 1240]))
    for transport in ("udp", "uxd"):
        yield probed, dict(transport=transport, kind="sure", domain="text", gram=1240)


if __name__ == "__main__":
    run_all(cases(), together=4)  # most of it is waiting to be sure that nothing comes
