#!/usr/bin/env python3
"""Runs flow-peer against a peer of our own in Python, both ways and under loss, over the wire of Ouroboros 0.23's UDP layer,
and against itself over memos; fails if a packet that should come back does not, or comes back changed.

flows.py FLOW_PEER [--only WORD…]

The peer below is written from the description of the wire alone, with nothing of the Swift code in mind. It is small and
slow: stop and wait, one flow at a time.
"""
import hashlib
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

U32 = 0xFFFFFFFF
DATA, FIRST, ACK, WINDOW, ASK = 1, 2, 4, 8, 16


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def frame(code, source, destination=0, loss=0, ber=0, in_order=0, timeout=0, delay=0, gap=0):
    return struct.pack(">IIIiQIIIIIBBB", 0, source, destination, 0, 0, delay, loss, ber, gap, timeout, code, 0, in_order)


class Ouroboros:
    """One end of one flow. `reliable` and `ordered` number their packets, `checked` ends them with a CRC."""

    def __init__(self, kind, checked, loss, seed):
        self.kind, self.checked, self.loss = kind, checked, loss
        self.random = random.Random(seed)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.mine, self.theirs, self.to = 4711, None, None
        self.next_out, self.next_in = self.random.getrandbits(32), None
        self.acknowledged = self.next_out

    def send(self, datagram, always=False):
        if always or self.random.random() >= self.loss:
            self.socket.sendto(datagram, self.to)

    def packet(self, body):
        if self.checked and body:
            body += struct.pack(">I", zlib.crc32(body))
        self.send(struct.pack(">I", self.theirs) + body)

    def head(self, flags, number=0):
        edge = acknowledged = 0
        if self.next_in is not None:
            flags |= WINDOW | (ACK if self.kind == "reliable" else 0)
            edge, acknowledged = self.next_in + 200, self.next_in if self.kind == "reliable" else 0
        return struct.pack(">III", flags << 24 | edge & 0xFFFFFF, number, acknowledged)

    def receive(self, seconds):
        """The next packet for the user, None if none comes in time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                datagram, source = self.socket.recvfrom(65535)
            except socket.timeout:
                return None
            if datagram[:4] == b"\0\0\0\0":
                self.manage(datagram, source)
                continue
            if struct.unpack(">I", datagram[:4])[0] != self.mine or len(datagram) == 4:
                continue
            body = datagram[4:]
            if self.checked:
                if struct.unpack(">I", body[-4:])[0] != zlib.crc32(body[:-4]):
                    continue
                body = body[:-4]
            if self.kind == "raw":
                return body
            word, number, acknowledged = struct.unpack(">III", body[:12])
            flags = word >> 24
            if flags & ACK:
                self.acknowledged = acknowledged
            if not flags & DATA:
                continue
            if self.next_in is None and flags & FIRST:
                self.next_in = number
            if self.next_in is None:
                continue
            ahead = (number - self.next_in) & U32
            if ahead >= 1 << 31:  # had already: say so again
                if self.kind == "reliable":
                    time.sleep(0.015)
                    self.packet(self.head(0))
                continue
            if ahead and self.kind == "reliable":
                continue  # stop and wait: it is sent again
            self.next_in = (number + 1) & U32
            return body[12:]
        return None

    def manage(self, datagram, source):
        if datagram[44] == 1 and datagram[47:63] == hashlib.md5(b"oecho").digest():
            request = datagram[63:]
            self.theirs, self.to = struct.unpack(">I", datagram[4:8])[0], source
            answer = request[:16] + struct.pack(">Q", time.time_ns()) + bytes(12) + hashlib.sha384(request).digest()
            self.send(frame(2, self.theirs, self.mine) + answer, always=True)

    def ask(self, port):
        self.to = ("127.0.0.1", port)
        introduction = os.urandom(16) + struct.pack(">Q", time.time_ns()) + bytes(12)
        request = frame(1, self.mine, 0, 0 if self.kind == "reliable" else 1, 0 if self.checked else 1,
                        self.kind != "raw", 120000, U32, U32) + hashlib.md5(b"oecho").digest() + introduction
        self.socket.settimeout(0.5)
        for _ in range(20):
            self.send(request, always=True)
            try:
                answer, _ = self.socket.recvfrom(65535)
            except socket.timeout:
                continue
            if answer[:4] == b"\0\0\0\0" and answer[44] == 2:
                assert answer[47:63] == introduction[:16] and answer[83:] == hashlib.sha384(introduction).digest()
                assert len(answer) == 131
                self.theirs = struct.unpack(">I", answer[8:12])[0]
                return
        raise SystemExit("flow-peer does not answer")

    def write(self, payload):
        if self.kind == "raw":
            return self.packet(payload)
        self.packet(self.head(DATA | FIRST, self.next_out) + payload)
        if self.kind == "ordered":
            self.next_out = (self.next_out + 1) & U32

    def exchange(self, payload):
        """Writes a packet until it has come back; a reliable one is repeated with its number."""
        for _ in range(100):
            self.write(payload)
            back = self.receive(0.3)
            if back is not None:
                if self.kind == "reliable":
                    self.next_out = (self.next_out + 1) & U32
                return back
            if self.kind == "raw" and not self.loss:
                return None
        return None


def start(peer, words, ready=True):
    process = subprocess.Popen([peer, *words, "--json"], stdout=subprocess.PIPE, text=True)
    if ready:
        line = process.stdout.readline()
        assert '"ready"' in line, line
    return process


def finish(process, seconds=20):
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise SystemExit("flow-peer does not end")
    return process.returncode, output


def we_ask(peer, kind, checked, loss, count=10):
    port = free_port()
    process = start(peer, ["accept", "--name", "oecho", "--o7", f"127.0.0.1:{port}", "--echo", "--time", "30"])
    us = Ouroboros(kind, checked, loss, 7)
    us.ask(port)
    good = 0
    for number in range(count):
        payload = bytes((number + k) & 255 for k in range(1 + 200 * number))
        good += us.exchange(payload) == payload
    process.terminate()
    finish(process)
    return good == count, f"{good} of {count} came back"


def we_serve(peer, kind, checked, loss, count=10):
    us = Ouroboros(kind, checked, loss, 8)
    words = ["alloc", "--name", "oecho", "--o7", "127.0.0.1:0", "--to", f"127.0.0.1:{us.port}", "--count", str(count),
             "--qos", kind, "--time", "25", "--message-size", "500"] + (["--crc"] if checked else [])
    process = start(peer, words)
    end, waiting = time.monotonic() + 25, {}
    while process.poll() is None and time.monotonic() < end:
        packet = us.receive(0.2)
        if packet is not None:
            waiting[us.next_out] = packet
            us.write(packet)
            if kind == "reliable":
                us.next_out = (us.next_out + 1) & U32
        if kind != "reliable":
            continue
        waiting = {number: bytes for number, bytes in waiting.items() if (number - us.acknowledged) & U32 < 1 << 31}
        if packet is None:  # nothing comes: what is not acknowledged is sent again
            for number, bytes in waiting.items():
                us.packet(us.head(DATA | (FIRST if number == us.acknowledged else 0), number) + bytes)
    status, output = finish(process, 5)
    return status == 0, output.strip().splitlines()[-1] if output.strip() else "nothing printed"


def ourselves(peer, place, words, count=50):
    with tempfile.TemporaryDirectory() as folder:
        if place == "uxd":
            one, other = f"{folder}/one", f"{folder}/other"
        else:
            one, other = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        server = start(peer, ["accept", "--name", "oecho", f"--{place}", one, "--echo", "--count", str(count), "--hold",
                              "1", "--time", "40"])
        client = start(peer, ["alloc", "--name", "oecho", f"--{place}", other, "--to", one, "--count", str(count),
                              "--message-size", "1000", "--time", "40", *words])
        status, output = finish(client, 45)
        other_status, other_output = finish(server, 45)
        return status == 0 and other_status == 0, (output + other_output).strip().splitlines()[-1]


def refused(peer):
    one, other = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    server = start(peer, ["accept", "--name", "oecho", "--udp", one, "--time", "5"])
    begin = time.monotonic()
    client = start(peer, ["alloc", "--name", "nobody", "--udp", other, "--to", one, "--time", "5"])
    status, output = finish(client)
    took = time.monotonic() - begin
    server.terminate()
    finish(server)
    return status == 1 and "unknown name" in output and took < 3, f"status {status} after {took:.1f} s"


def main():
    peer, only = sys.argv[1], sys.argv[3:]
    cases = []
    for kind in ["raw", "ordered", "reliable"]:
        for checked in [False, True]:
            for name, way in [("we ask", we_ask), ("we serve", we_serve)]:
                label = f"{name}, {kind}{', checked' if checked else ''}"
                cases.append((label, lambda w=way, k=kind, c=checked: w(peer, k, c, 0)))
                if kind == "reliable":
                    cases.append((label + ", 20 % lost", lambda w=way, k=kind, c=checked: w(peer, k, c, 0.2)))
    for place in ["o7", "udp", "uxd"]:
        cases.append((f"ourselves, {place}, reliable", lambda p=place: ourselves(peer, p, ["--qos", "reliable"])))
    for place in ["o7", "udp"]:
        lossy = ["--qos", "reliable", "--crc", "--loss", "0.1", "--duplicate", "0.05", "--seed", "3"]
        cases.append((f"ourselves, {place}, 10 % lost", lambda p=place, w=lossy: ourselves(peer, p, w)))
    cases.append(("an unknown name is refused", lambda: refused(peer)))
    failed = 0
    for label, case in cases:
        if only and not all(word in label for word in only):
            continue
        begin = time.monotonic()
        is_good, words = case()
        failed += not is_good
        print(f"{'ok  ' if is_good else 'FAIL'} {label} ({time.monotonic() - begin:.1f} s): {words}", flush=True)
    print("flows: all good" if not failed else f"flows: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
