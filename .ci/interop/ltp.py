#!/usr/bin/env python3
"""Runs ltp-peer against an engine of LTP of our own in Python, both ways and under loss, and fails if a red part does not
arrive whole or the two ends do not agree.

ltp.py LTP_PEER [--only WORD…]

The engine below is written from RFC 5326 alone, with nothing of the Swift code in mind, so that the two do not share a
misreading. It is small and slow, and keeps one block at a time.
"""
import hashlib
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import time
from itertools import product

from peers import Peer

RED, RED_CP, RED_EORP, RED_EOB, GREEN, GREEN_EOB = 0, 1, 2, 3, 4, 7
REPORT, REPORT_ACK, CANCEL_S, CANCEL_S_ACK, CANCEL_R, CANCEL_R_ACK = 8, 9, 12, 13, 14, 15


def sdnv(value):
    """RFC 6256: seven bits a byte, the most significant first, the high bit on all but the last."""
    digits = [value & 0x7F]
    while value > 0x7F:
        value >>= 7
        digits.insert(0, value & 0x7F | 0x80)
    return bytes(digits)


class Reader:
    def __init__(self, datagram):
        self.left = datagram

    def byte(self):
        value, self.left = self.left[0], self.left[1:]
        return value

    def number(self):
        value = 0
        while True:
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    def take(self, count):
        value, self.left = self.left[:count], self.left[count:]
        assert len(value) == count
        return value


def head(kind, engine, session):
    """RFC 5326, 3.1: version 0 and type, session, no extensions."""
    return bytes([kind]) + sdnv(engine) + sdnv(session) + b"\0"


class Engine:
    """One socket, one peer. `loss` is the part of what it sends that never leaves."""

    def __init__(self, number, port, peer_number, peer_port, loss, seed, mtu):
        self.number, self.peer_number, self.to = number, peer_number, ("127.0.0.1", peer_port)
        self.loss, self.dice, self.mtu = loss, random.Random(seed), mtu
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.timers = {}  # what is waited for -> (when, datagram, repeats left)
        self.patience = 0.3
        # As a sender.
        self.session, self.block, self.red, self.claimed, self.done = None, b"", 0, set(), False
        self.serial = self.dice.randrange(1, 1 << 14)
        # As a receiver, by session.
        self.imports = {}
        self.cancels = []

    def emit(self, datagram):
        if self.dice.random() >= self.loss:
            self.socket.sendto(datagram, self.to)

    def emit_until(self, what, datagram):
        self.timers[what] = (time.monotonic() + self.patience, datagram, 40)
        self.emit(datagram)

    def step(self, seconds):
        """Whatever arrives within `seconds`, then the timers."""
        ready, _, _ = select.select([self.socket], [], [], seconds)
        while ready:
            try:
                datagram = self.socket.recv(65536)
            except BlockingIOError:
                break
            self.take(Reader(datagram))
        for what, (due, datagram, left) in list(self.timers.items()):
            if due <= time.monotonic():
                assert left > 0, f"no answer to {what}"
                self.timers[what] = (time.monotonic() + self.patience, datagram, left - 1)
                self.emit(datagram)

    # Sending: RFC 5326, 6.1, 6.7, 6.12, 6.13.

    def send(self, client, block, red):
        self.session, self.block, self.red = self.dice.randrange(1, 1 << 20), block, red
        self.client, self.claimed, self.done = client, [], False
        self.transmit([(0, red)], 0)
        at = red
        while at < len(block):
            end = min(at + self.mtu - 40, len(block))
            kind = GREEN_EOB if end == len(block) else GREEN
            self.emit(head(kind, self.number, self.session) + sdnv(client) + sdnv(at) + sdnv(end - at) + block[at:end])
            at = end
            if at % 32 == 0:
                time.sleep(0.001)
        self.done = red == 0

    def transmit(self, spans, report):
        """These spans of the red part, the very last segment a checkpoint."""
        pieces = []
        for low, high in spans:
            while low < high:
                pieces.append((low, min(low + self.mtu - 40, high)))
                low = pieces[-1][1]
        for index, (low, high) in enumerate(pieces):
            kind, serials = RED, b""
            if index == len(pieces) - 1:
                kind = RED_CP if high < self.red else RED_EOB if self.red == len(self.block) else RED_EORP
                self.serial += 1
                serials = sdnv(self.serial) + sdnv(report)
            datagram = head(kind, self.number, self.session) + sdnv(self.client) + sdnv(low) + sdnv(high - low)
            datagram += serials + self.block[low:high]
            if serials:
                self.emit_until(("checkpoint", self.serial), datagram)
            else:
                self.emit(datagram)
            if index % 32 == 31:
                time.sleep(0.001)  # nothing slows a sender down but itself

    def take_report(self, reader, session):
        serial, checkpoint, upper, lower = (reader.number() for _ in range(4))
        claims = [(reader.number(), reader.number()) for _ in range(reader.number())]
        assert not reader.left, "stray bytes behind a report"
        assert claims and lower < upper <= self.red, f"report of {lower} to {upper} with {len(claims)} claims"
        last = -1
        for offset, length in claims:
            assert offset > last and length > 0 and lower + offset + length <= upper, "claims out of order"
            last = offset + length
        self.emit(head(REPORT_ACK, self.number, session) + sdnv(serial))
        if session != self.session or self.done or serial in self.reports:
            return
        self.reports.add(serial)
        self.timers.pop(("checkpoint", checkpoint), None)
        self.claimed = merged(self.claimed + [(lower + o, lower + o + n) for o, n in claims])
        if self.claimed == [(0, self.red)]:
            self.done = True
            self.timers = {what: timer for what, timer in self.timers.items() if what[0] != "checkpoint"}
            return
        gaps = missing(self.claimed, lower, upper)
        if gaps:
            self.transmit(gaps, serial)

    reports = set()

    # Receiving: RFC 5326, 6.8, 6.9, 6.11.

    def take_data(self, reader, kind, session):
        client, offset, length = reader.number(), reader.number(), reader.number()
        checkpoint = reader.number() if kind in (RED_CP, RED_EORP, RED_EOB) else 0
        cited = reader.number() if kind in (RED_CP, RED_EORP, RED_EOB) else 0
        data = reader.take(length)
        assert not reader.left and length > 0, "a data segment whose length is wrong"
        one = self.imports.setdefault(session, {
            "held": [], "bytes": bytearray(), "end": None, "reports": {}, "asked": {}, "top": 0, "green": {},
            "green_end": None, "serial": self.dice.randrange(1, 1 << 14)})
        end = offset + length
        if kind >= GREEN:
            assert one["end"] is None or offset >= one["end"], "green within red"
            one["green"][offset] = data
            one["green_end"] = end if kind == GREEN_EOB else one["green_end"]
            return
        one["bytes"].extend(bytes(max(0, end - len(one["bytes"]))))
        one["bytes"][offset:end] = data
        one["held"] = merged(one["held"] + [(offset, end)])
        if kind in (RED_EORP, RED_EOB):
            assert one["end"] in (None, end), "the end of the red part moves"
            one["end"] = end
        if not checkpoint:
            if one["end"] and one["held"] == [(0, one["end"])] and not one.get("whole"):
                one["whole"] = True
                self.report(session, one, 0, 0, one["end"])
            return
        one["whole"] = bool(one["end"]) and one["held"] == [(0, one["end"])]
        if checkpoint in one["asked"]:
            serial = one["asked"][checkpoint]
            if ("report", session, serial) in self.timers:
                self.emit(one["reports"][serial][2])
            return
        lower = one["reports"][cited][0] if cited in one["reports"] else 0 if cited else one["top"]
        if lower >= end:
            return
        if not cited:
            one["top"] = end
        self.report(session, one, checkpoint, lower, end)

    def report(self, session, one, checkpoint, lower, upper):
        claims = [(max(a, lower), min(b, upper)) for a, b in one["held"] if b > lower and a < upper]
        one["serial"] += 1
        datagram = head(REPORT, self.peer_number, session) + sdnv(one["serial"]) + sdnv(checkpoint) + sdnv(upper)
        datagram += sdnv(lower) + sdnv(len(claims)) + b"".join(sdnv(a - lower) + sdnv(b - a) for a, b in claims)
        one["reports"][one["serial"]] = (lower, upper, datagram)
        one["asked"][checkpoint] = one["serial"]
        self.emit_until(("report", session, one["serial"]), datagram)

    def take(self, reader):
        kind = reader.byte()
        engine, session = reader.number(), reader.number()
        assert kind < 16 and reader.byte() == 0, "another version, or extensions"
        assert kind not in (5, 6, 10, 11), "an undefined type"
        from_sender = kind < REPORT or kind in (REPORT_ACK, CANCEL_S, CANCEL_R_ACK)
        assert engine == (self.peer_number if from_sender else self.number), f"type {kind} names engine {engine}"
        if kind < REPORT:
            self.take_data(reader, kind, session)
        elif kind == REPORT:
            self.take_report(reader, session)
        elif kind == REPORT_ACK:
            self.timers.pop(("report", session, reader.number()), None)
        elif kind in (CANCEL_S, CANCEL_R):
            self.cancels.append((kind, reader.byte()))
            self.emit(head(kind + 1, engine, session))


def merged(spans):
    out = []
    for low, high in sorted(spans):
        if out and low <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return out


def missing(spans, lower, upper):
    gaps, at = [], lower
    for low, high in spans + [(upper, upper)]:
        low = min(max(low, lower), upper)
        if at < low:
            gaps.append((at, low))
        at = max(at, high)
    return gaps


def run(name, ltp_peer, loss, size, red, mtu, folder):
    """One block from one to the other. What is wrong, or None."""
    block = random.Random(size).randbytes(size)
    red_bytes = size if red < 0 else min(red, size)
    path = os.path.join(folder, "block")
    with open(path, "wb") as file:
        file.write(block)
    ours = free_port()
    engine = Engine(2, 0, 1, ours, loss, size + mtu, mtu)
    engine.reports = set()
    words = ["--engine", 1, "--listen", f"127.0.0.1:{ours}", "--peer", f"2=127.0.0.1:{engine.port}", "--service", 5,
             "--mtu", mtu, "--margin", 0.15, "--time", 60, "--linger", 2, "--json"]
    words += ["--loss", loss, "--seed", 7] if loss else []
    if name == "to":
        peer = Peer(ltp_peer, "send", "--file", path, "--red", red, *words)
        deadline = time.monotonic() + 50
        while peer.child.poll() is None and time.monotonic() < deadline:
            engine.step(0.05)
        status = peer.end(10)
        if status != 0:
            return f"ltp-peer ended with {status}: {peer.errors[-3:]} {peer.events[-2:]}"
        one = next(iter(engine.imports.values()))
        if red_bytes and bytes(one["bytes"]) != block[:red_bytes]:
            return f"red of {len(one['bytes'])} bytes differs from {red_bytes}"
        if any(data != block[at:at + len(data)] for at, data in one["green"].items()):
            return "green differs"
        return None if not engine.cancels else f"cancels {engine.cancels}"
    count = (1 if red_bytes else 0) + (1 if red_bytes < size and not loss else 0)
    peer = Peer(ltp_peer, "recv", "--count", max(1, count), *words)
    peer.wait_for("ready")
    engine.send(5, block, red_bytes)
    deadline = time.monotonic() + 50
    while peer.child.poll() is None and time.monotonic() < deadline:
        engine.step(0.05)
    status = peer.end(10)
    reds = [e for e in peer.events if e["event"] == "red"]
    want = [hashlib.sha256(block[:red_bytes]).hexdigest()] if red_bytes else []
    if status != 0 or [e["sha256"] for e in reds] != want or not engine.done or engine.cancels:
        return f"status {status}, reds {reds}, done {engine.done}, cancels {engine.cancels}: {peer.errors[-3:]}"
    greens = [e for e in peer.events if e["event"] == "green_block"]
    if not loss and red_bytes < size and [e["sha256"] for e in greens] != [
            hashlib.sha256(block[red_bytes:]).hexdigest()]:
        return f"green blocks {greens}"
    return None


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def main():
    only, failed, passed = sys.argv[3:], 0, 0
    for name, loss, (size, red), mtu in product(("to", "from"), (0, 0.15), (
            (1, -1), (20_000, -1), (20_000, 12_000), (300_000, -1)), (1400, 300)):
        if loss and red >= 0 and name == "from":
            continue  # green segments may be lost, so nobody can say when all is there
        title = f"{name} python, loss {loss}, {size} bytes, red {red}, mtu {mtu}"
        if not all(word in title.split() for word in only):
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="ltp-") as folder:
            try:
                problem = run(name, sys.argv[1], loss, size, red, mtu, folder)
            except (Exception, subprocess.SubprocessError) as error:
                problem = repr(error)
        failed, passed = failed + (problem is not None), passed + (problem is None)
        mark = "ok  " if problem is None else "FAIL"
        print(f"{mark} {time.monotonic() - began:5.1f} s  {title}  {problem or ''}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
