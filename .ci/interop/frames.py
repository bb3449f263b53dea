#!/usr/bin/env python3
"""Runs frame-peer against the other side of both framed protocols, both ways; fails if a message does not arrive whole.

frames.py FRAME_PEER [PYTHON_WITH_TINYPROTO_AND_LTPROTOCOL]

Handshaken frames against the real tinyproto 3.0 from PyPI: its client at our server and our client at its server, echo
and push, messages of 0 to 1,000,000 bytes, and our connection limit as its client sees it. Left out is only what
tinyproto itself cannot do: both ends sending at once, which ends both of its ends.

Length-type frames against the real ltprotocol 0.2.1 from PyPI: its server and its client under Twisted, echo and push
both ways. It was written for Python 2. Its sending half runs under Python 3 as it is; its receiving half is given, from
outside, the two things that Python 3 took from it: bytes to gather what comes in, instead of a str, and a dict with
has_key. Its own code does the rest.

And against a small peer written here from the wire's description, with other code than the package's: echo both ways,
push, an unknown type, a bad length, several formats.
"""
import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time

from peers import memo_text

SIZES = [0, 1, 5, 255, 256, 65535, 65536, 1_000_000]


def text(number, length):
    return memo_text(number, length).encode()


def digest(data):
    return hashlib.sha256(bytes(data)).hexdigest()


class FramePeer:
    """frame-peer as a child whose standard output is JSON lines."""

    def __init__(self, *words):
        self.words = [sys.argv[1], *map(str, words), "--json", "--time", "30"]
        self.child = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.events = []

    def until(self, event):
        while not any(e["event"] == event for e in self.events):
            line = self.child.stdout.readline()
            if not line:
                raise RuntimeError(f"no {event} from {' '.join(self.words)}: {self.child.stderr.read()}")
            self.events.append(json.loads(line))
        return next(e for e in self.events if e["event"] == event)

    def port(self):
        return int(self.until("open")["address"].rsplit(":", 1)[1])

    def end(self, status=0):
        """All events, once it has ended by itself with that status."""
        out, err = self.child.communicate(timeout=40)
        self.events += [json.loads(line) for line in out.splitlines()]
        if self.child.returncode != status:
            raise RuntimeError(f"{' '.join(self.words)}: status {self.child.returncode}: {err}\n{self.events[-3:]}")
        return self.events

    def stop(self):
        self.child.terminate()
        return self.end()

    def messages(self):
        return [(e["length"], e["sha256"]) for e in self.events if e["event"] == "message"]


def check(what, got, wanted):
    if got != wanted:
        raise RuntimeError(f"{what}: got {str(got)[:300]}, wanted {str(wanted)[:300]}")


# The two sides of tinyproto run in its own Python: this file again, with other words.


def tiny_server(size, push):
    from tinyproto import TinyProtoConnection, TinyProtoConnectionDetails, TinyProtoServer

    class Echo(TinyProtoConnection):
        def pre_loop(self):
            for number in range(push):
                self.transmit(bytearray(text(number, size)))

        def transmission_received(self, msg):
            if not push:
                self.transmit(msg)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = TinyProtoServer([TinyProtoConnectionDetails("127.0.0.1", port)], connection_handler=Echo)
    threading.Thread(target=server.start, daemon=True).start()
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    print(port, flush=True)
    sys.stdin.read()
    os._exit(0)


def tiny_client(port, size, count, mode):
    from tinyproto import TinyProtoClient, TinyProtoConnection, TinyProtoConnectionDetails

    got, over = [], threading.Event()

    class Talk(TinyProtoConnection):
        def pre_loop(self):
            if mode == "hear":
                return
            for number in range(count):
                self.transmit(bytearray(text(number, size)))
                if mode == "echo":
                    got.append(digest(self.receive()))
            over.set()

        def transmission_received(self, msg):
            got.append(digest(msg))
            if len(got) == count:
                over.set()

    client = TinyProtoClient(connection_handler=Talk)
    threading.Thread(target=client.start, daemon=True).start()
    time.sleep(0.1)
    client.connect_to(TinyProtoConnectionDetails("127.0.0.1", port))
    print(json.dumps({"in_time": over.wait(20), "got": got}), flush=True)
    os._exit(0)


class Theirs:
    def __init__(self, *words):
        self.child = subprocess.Popen(
            [sys.argv[2], os.path.abspath(__file__), *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def line(self):
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.child.args[2]}: {self.child.stderr.read()[-2000:]}")
        return json.loads(line)

    def stop(self):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.stderr.close()
        self.child.wait(10)


def tinyproto():
    runs = 0
    for size in SIZES:
        count = 3
        wanted = [digest(text(n, size)) for n in range(count)]
        # Its client at our server: echo, push to us, push from us.
        for mode, words in [("echo", ["--echo"]), ("push", []), ("hear", ["--push", count])]:
            place = ["--listen", "127.0.0.1:0", "--message-size", size]
            ours = FramePeer("server", "--protocol", "handshake", *place, *words)
            theirs = Theirs("tiny-client", ours.port(), size, count, mode)
            answer = theirs.line()
            check(f"tinyproto's client, {mode}, {size} bytes", answer["in_time"], True)
            if mode != "push":
                check(f"tinyproto's client, {mode}, {size} bytes", answer["got"], wanted)
            if mode != "hear":
                while len(ours.messages()) < count:
                    ours.events.append(json.loads(ours.child.stdout.readline()))
                check(f"our server, {mode}", ours.messages(), [(size, w) for w in wanted])
            theirs.stop()
            ours.stop()
            runs += 1
        # Our client at its server: echo, push to it, push from it.
        for mode, push, words in [
            ("echo", 0, ["--count", count, "--echo"]), ("hear", count, ["--count", 0, "--expect", count])]:
            theirs = Theirs("tiny-server", size, push)
            ours = FramePeer(
                "client", "--protocol", "handshake", "--connect", f"127.0.0.1:{theirs.line()}", "--message-size", size,
                *words)
            ours.end()
            check(f"our client, {mode}, {size} bytes", ours.messages(), [(size, w) for w in wanted])
            theirs.stop()
            runs += 1
    # Beyond the limit its client is refused, and the first one is served on.
    ours = FramePeer("server", "--protocol", "handshake", "--listen", "127.0.0.1:0", "--connections", 1, "--echo")
    port = ours.port()
    with socket.create_connection(("127.0.0.1", port), 5) as first:
        check("a hello", first.recv(1), b"\xff")
        first.sendall(b"\xff")
        ours.until("connected")
        refused = Theirs("tiny-client", port, 5, 1, "echo")
        with socket.create_connection(("127.0.0.1", port), 5) as second:
            check("the limit", second.recv(1), b"\xfe")
        first.sendall(b"\x00\x00\x00\x02")
        check("an ok", first.recv(1), b"\xff")
        first.sendall(b"hi")
        check("a size", first.recv(4), b"\x00\x00\x00\x02")
    refused.child.kill()
    refused.stop()
    ours.stop()
    print(f"tinyproto 3.0: {runs + 1} runs, 0 to 1,000,000 bytes, both ways")


# Both sides of ltprotocol, in the same Python.


def lt_parts(length, kind, number):
    from ltprotocol.ltprotocol import LTMessage, LTProtocol

    class Blob(LTMessage):
        def __init__(self, body):
            self.body = body

        @staticmethod
        def get_type():
            return number

        def pack(self):
            return self.body

        @staticmethod
        def unpack(body):
            return Blob(body)

    class Types(dict):
        has_key = dict.__contains__

    protocol = LTProtocol([Blob], length, kind)
    protocol.msg_types = Types(protocol.msg_types)
    return Blob, protocol


def lt_server(length, kind, number, size, push):
    from ltprotocol.ltprotocol import LTTwistedServer
    from twisted.internet import reactor

    blob, protocol = lt_parts(length, kind, number)

    def stands(connection):
        connection.packet = b""
        for n in range(push):
            connection.send(blob(text(n, size)))

    server = LTTwistedServer(protocol, lambda connection, message: connection.send(message), stands, verbose=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server.listen(port)
    reactor.callWhenRunning(lambda: print(port, flush=True))
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    reactor.run(installSignalHandlers=False)


def lt_client(length, kind, number, size, port, count):
    from ltprotocol.ltprotocol import LTTwistedClient
    from twisted.internet import reactor

    blob, protocol = lt_parts(length, kind, number)
    got = []

    def hear(_, message):
        got.append(digest(message.body))
        if len(got) == count:
            print(json.dumps(got), flush=True)
            os._exit(0)

    def stands(connection):
        connection.packet = b""
        for n in range(count):
            connection.send(blob(text(n, size)))

    client = LTTwistedClient(protocol, hear, stands, verbose=False)
    client.connect("127.0.0.1", port)
    reactor.callLater(20, lambda: (print(json.dumps(got), flush=True), os._exit(1)))
    reactor.run(installSignalHandlers=False)


def ltprotocol():
    runs, count = 0, 3
    for length, kind, number in [("H", "B", 2), ("I", "H", 300), ("q", "i", -70000)]:
        limit = 65532 if length == "H" else 1_000_000
        formats = ["--length-format", length, "--type-format", kind, "--type", number]
        for size in [s for s in SIZES if s <= limit] + [limit] if length == "H" else [0, 65536, limit]:
            wanted = [digest(text(n, size)) for n in range(count)]
            heard = [(size, w) for w in wanted]
            # Its client at our server, which echoes.
            ours = FramePeer("server", "--listen", "127.0.0.1:0", "--echo", "--message-size", size, *formats)
            theirs = Theirs("lt-client", length, kind, number, size, ours.port(), count)
            check(f"ltprotocol's client, {size} bytes", theirs.line(), wanted)
            theirs.stop()
            ours.stop()
            check("our server", ours.messages(), heard)
            # Our client at its server: which echoes, and which pushes.
            for push, words in [(0, ["--count", count, "--echo"]), (count, ["--count", 0, "--expect", count])]:
                theirs = Theirs("lt-server", length, kind, number, size, push)
                ours = FramePeer(
                    "client", "--connect", f"127.0.0.1:{theirs.line()}", "--message-size", size, *words, *formats)
                ours.end()
                check(f"our client, {push} pushed, {size} bytes", ours.messages(), heard)
                theirs.stop()
            runs += 3
    print(f"ltprotocol 0.2.1: {runs} runs, 3 formats, 0 to 1,000,000 bytes, both ways")


# Length-type frames: an end of our own.


class LengthType:
    def __init__(self, sock, length="H", kind="B"):
        self.sock, self.head = sock, struct.Struct(">" + length + kind)
        sock.settimeout(20)

    def send(self, kind, body):
        self.sock.sendall(self.head.pack(self.head.size + len(body), kind) + body)

    def exactly(self, count):
        data = bytearray()
        while len(data) < count:
            piece = self.sock.recv(min(65536, count - len(data)))
            if not piece:
                raise EOFError(f"{len(data)} of {count} bytes")
            data += piece
        return bytes(data)

    def receive(self):
        length, kind = self.head.unpack(self.exactly(self.head.size))
        return kind, self.exactly(length - self.head.size)


def length_type():
    runs = 0
    formats = [("H", "B", 2), ("B", "B", 7), ("I", "H", 300), ("Q", "Q", 9), ("h", "b", -3), ("q", "i", -70000)]
    for length, kind, number in formats:
        limit = {"B": 253, "H": 65532, "h": 32764}.get(length, 1_000_000)
        formats = ["--length-format", length, "--type-format", kind, "--type", number]
        for size in [s for s in SIZES if s <= limit] + [limit]:
            ours = FramePeer("server", "--listen", "127.0.0.1:0", "[::1]:0", "--echo", *formats)
            with socket.create_connection(("127.0.0.1", ours.port()), 5) as sock:
                peer = LengthType(sock, length, kind)
                for n in range(3):
                    peer.send(number, text(n, size))
                for n in range(3):
                    check("an echo", peer.receive(), (number, text(n, size)))
                peer.send(1 if number != 1 else 2, b"x")
                peer.send(number, b"last"[: limit])
                check("behind an unknown type", peer.receive(), (number, b"last"))
            ours.until("disconnected")
            ours.stop()
            check("an unknown type is told", sum(e["event"] == "unknown" for e in ours.events), 1)
            runs += 1
            with socket.create_server(("127.0.0.1", 0)) as listener:
                ours = FramePeer(
                    "client", "--connect", f"127.0.0.1:{listener.getsockname()[1]}", "--count", 3, "--message-size",
                    size, "--echo", *formats)
                sock, _ = listener.accept()
                with sock:
                    peer = LengthType(sock, length, kind)
                    for n in range(3):
                        check("from our client", got := peer.receive(), (number, text(n, size)))
                        peer.send(*got)
                    check("the end", sock.recv(1), b"")
                ours.end()
            runs += 1
    # A bad length closes the connection, and only that.
    ours = FramePeer("server", "--listen", "127.0.0.1:0", "--echo")
    port = ours.port()
    place = ("127.0.0.1", port)
    with socket.create_connection(place, 5) as bad, socket.create_connection(place, 5) as good:
        bad.settimeout(5)
        bad.sendall(b"\x00\x01\x02")
        check("a closed connection", bad.recv(1), b"")
        peer = LengthType(good)
        peer.send(2, b"still here")
        check("the other connection", peer.receive(), (2, b"still here"))
    ours.stop()
    check("its reason", any("badLength" in e.get("reason", "") for e in ours.events), True)
    print(f"length-type frames: {runs + 1} runs, 6 formats, both ways")


def chat():
    words = ["chat", "--listen", "127.0.0.1:0", "--json", "--time", "20", "--name", "host"]
    host = subprocess.Popen([sys.argv[1], *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    address = json.loads(host.stdout.readline())["address"]
    guests = [
        subprocess.Popen(
            [sys.argv[1], "chat", "--connect", address, "--json", "--time", "20", "--name", name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for name in ["ann", "bob"]]
    for guest in guests:
        check("a guest", json.loads(guest.stdout.readline())["event"], "connected")
    guests[0].stdin.write("good day\n")
    guests[0].stdin.flush()
    check("a line", json.loads(guests[1].stdout.readline()), {"event": "line", "name": "ann", "text": "good day"})
    host.stdin.write("welcome\n")
    host.stdin.flush()
    for guest in guests:
        check("the host's", json.loads(guest.stdout.readline()), {"event": "line", "name": "host", "text": "welcome"})
    for one in guests + [host]:
        one.stdin.close()
        check("a status", one.wait(20), 0)
    print("chat: three ends, lines to all others")


if __name__ == "__main__":
    if sys.argv[1] == "tiny-server":
        tiny_server(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1] == "tiny-client":
        tiny_client(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    elif sys.argv[1] == "lt-server":
        lt_server(*sys.argv[2:4], *map(int, sys.argv[4:]))
    elif sys.argv[1] == "lt-client":
        lt_client(*sys.argv[2:4], *map(int, sys.argv[4:]))
    else:
        length_type()
        chat()
        if len(sys.argv) > 2:
            ltprotocol()
            tinyproto()
