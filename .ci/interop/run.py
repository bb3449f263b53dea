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
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

SEED = "11" * 32
SIZES = [1, 9, 1000, 5000, 65536, 1 << 20]
HERE = os.path.dirname(os.path.abspath(__file__))


def memo_text(number, length):
    parts, block = [], 0
    while block * 64 < length:
        parts.append(hashlib.sha256(f"{number}:{block}".encode()).hexdigest())
        block += 1
    return "".join(parts)[:length]


def expected(sizes):
    return [(n, hashlib.sha256(memo_text(i, n).encode()).hexdigest()) for i, n in enumerate(sizes)]


class Peer:
    """A child whose standard output is JSON lines."""

    def __init__(self, *words):
        self.words = [str(w) for w in words]
        self.events, self.changed = [], threading.Condition()
        self.child = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.errors = []
        self.threads = [threading.Thread(target=self.read, daemon=True), threading.Thread(target=self.read_errors)]
        for thread in self.threads:
            thread.start()

    def read(self):
        for line in self.child.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()

    def read_errors(self):
        self.errors = self.child.stderr.read().splitlines()

    def wait_for(self, event, seconds=20):
        deadline = time.monotonic() + seconds
        with self.changed:
            while not any(e["event"] == event for e in self.events):
                left = deadline - time.monotonic()
                if left <= 0 or not self.changed.wait(left) and self.child.poll() is not None:
                    raise RuntimeError(f"no {event} from {' '.join(self.words)}: {self.errors[-5:]}")
            return next(e for e in self.events if e["event"] == event)

    def end(self, seconds=60):
        try:
            status = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            status = "timed out"
        for thread in self.threads:
            thread.join(5)
        return status

    def memos(self):
        return [(e["length"], e["sha256"]) for e in self.events if e["event"] == "memo"]

    def vids(self):
        return {e.get("vid") for e in self.events if e["event"] == "memo"}


def hio_can_send(case, size):
    """UDP: what a receive buffer holds while signatures are checked. UXD: what the receiver's queue takes, 11 grams."""
    body = case["gram"] - (120 if case["kind"] == "signed" else 32)
    if case["transport"] == "udp":
        return case["kind"] == "plain" or size <= 4000 * body
    return size <= 11 * body - 60


def options(case):
    words = ["--kind", case["kind"], "--domain", case["domain"], "--size", case["gram"]]
    return words + (["--seed-key", SEED] if case["kind"] == "signed" else [])


def to_hio(case, memo_peer, python, folder):
    """memo-peer sends each size; one hio peer hears them all."""
    count = len(SIZES)
    hio = [python, f"{HERE}/hio_peer.py", "listen", "--count", count, "--time", 90, *options(case)]
    if case["transport"] == "udp":
        listener = Peer(*hio, "--udp", 0)
    else:
        listener = Peer(*hio, "--uxd", "ear", "--head", folder)
    address = listener.wait_for("open")["address"]
    for i, size in enumerate(SIZES):
        where = ["--udp", "127.0.0.1:0"] if case["transport"] == "udp" else ["--uxd", f"{folder}/mouth.uxd"]
        sender = Peer(
            memo_peer, "send", "--json", *where, "--to", address, *options(case), "--memo", memo_text(i, size)
        ) if size <= 5000 else Peer(memo_peer, "send", "--json", *where, "--to", address, *options(case), "--file",
                                    write(folder, memo_text(i, size)))
        status = sender.end()
        if status != 0:
            listener.child.kill()
            listener.end()
            return f"memo-peer ended with {status}: {sender.errors[-3:]} {sender.events[-2:]}"
    status = listener.end()
    return judge(listener, status, SIZES, case)


def from_hio(case, memo_peer, python, folder):
    """One memo-peer hears what one hio peer sends."""
    sizes = [size for size in SIZES[:-1] + [1 << 18, 1 << 20] if hio_can_send(case, size)]
    where = ["--udp", "127.0.0.1:0"] if case["transport"] == "udp" else ["--uxd", f"{folder}/ear.uxd"]
    listener = Peer(
        memo_peer, "listen", *where, *options(case), "--count", len(sizes), "--time", 90, "--json")
    address = listener.wait_for("open")["address"]
    where = ["--udp", 0] if case["transport"] == "udp" else ["--uxd", "mouth", "--head", folder]
    # An unread UXD queue is short, so hio's sender pauses between its memos.
    sender = Peer(
        python, f"{HERE}/hio_peer.py", "send", *where, "--to", address, "--sizes", ",".join(map(str, sizes)),
        "--time", 90, "--gap", 0.05, *options(case))
    status = sender.end()
    if status != 0:
        listener.child.kill()
        listener.end()
        return f"hio ended with {status}: {sender.errors[-3:]}"
    return judge(listener, listener.end(), sizes, case)


def write(folder, text):
    path = os.path.join(folder, "memo.txt")
    with open(path, "w") as file:
        file.write(text)
    return path


def judge(listener, status, sizes, case):
    want, got = expected(sizes), listener.memos()
    if status != 0 or got != want:
        lengths = [n for n, _ in got]
        return f"status {status}, heard {lengths}, wanted {sizes}: {listener.errors[-3:]} {listener.events[-1:]}"
    if (None in listener.vids()) == (case["kind"] == "signed"):
        return f"vids {listener.vids()}"
    return None


def main():
    memo_peer, python, only = sys.argv[1], sys.argv[2], sys.argv[4:]
    failed = passed = 0
    started = time.monotonic()
    for run in (to_hio, from_hio):
        for transport in ("udp", "uxd"):
            for kind in ("plain", "signed"):
                for domain in ("text", "binary"):
                    for gram in (200, 1240, 65507):
                        case = dict(transport=transport, kind=kind, domain=domain, gram=gram)
                        name = f"{run.__name__.replace('_', ' ')} {transport} {kind} {domain} {gram}"
                        if not all(word in name.split() for word in only):
                            continue
                        folder = tempfile.mkdtemp(prefix="memo-")
                        began = time.monotonic()
                        try:
                            problem = run(case, memo_peer, python, folder)
                        except Exception as error:  # a peer that does not come up is a failure, not the end
                            problem = repr(error)
                        shutil.rmtree(folder, ignore_errors=True)
                        failed, passed = failed + (problem is not None), passed + (problem is None)
                        mark = "ok  " if problem is None else "FAIL"
                        print(f"{mark} {time.monotonic() - began:5.1f} s  {name}  {problem or ''}", flush=True)
    print(f"hio interop in {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
