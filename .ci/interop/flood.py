#!/usr/bin/env python3
"""Attacks from outside at a live memo-peer, beside a friend that has proved its address: what is the friend's arrives.

flood.py MEMO_PEER

Three strangers' attacks, one after the other, at an echoing memo-peer: 3,000 sure grams a second from one socket, each of
which asks for an ack; 4,400 memos of several grams that eight sources begin and never end; and the repetition of one
finished memo, which asks for its end again and again. Beside each the friend sends sure memos of one gram and of several
and waits for each echo. None may be lost or refused, and the slowest may take twice what it took in peace, and a little.
"""
import random
import select
import socket
import sys
import threading
import time

from peers import Peer
from sure_wire import FIRST, LATER, SurePeer, head, new_mid, text

COUNT, GRACE = 40, 0.5


def gram(code, number, mid, body):
    return text(head(code, number, mid)).encode() + body


class Flood(threading.Thread):
    """Sends what `make` makes, `rate` a second, from some sockets in turn; what comes back is taken and forgotten."""

    def __init__(self, to, rate, sources, make):
        super().__init__(daemon=True)
        self.to, self.rate, self.make, self.sent, self.is_over = to, rate, make, 0, False
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(sources)]
        for one in self.sockets:
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)

    def run(self):
        began = time.monotonic()
        while not self.is_over:
            while self.sent < (time.monotonic() - began) * self.rate:
                datagram = self.make(self.sent)
                if datagram is None:
                    return
                try:
                    self.sockets[self.sent % len(self.sockets)].sendto(datagram, self.to)
                except (BlockingIOError, ConnectionRefusedError):
                    pass
                self.sent += 1
            for one in select.select(self.sockets, [], [], 0)[0]:
                try:
                    one.recvfrom(65536)
                except (BlockingIOError, ConnectionRefusedError):
                    pass
            time.sleep(0.002)

    def stop(self):
        self.is_over = True
        self.join(5)
        for one in self.sockets:
            one.close()


def echoes(friend, to, size, seconds=30):
    """Sends COUNT sure memos one by one and waits for each echo, which it acknowledges: seconds that each took."""
    rand, times, source = friend.random, [], (to[0], to[1])
    for number in range(COUNT):
        body = bytes(65 + (number + at) % 26 for at in range(size))
        mid = new_mid(rand)
        grams, before, began, at = friend.cut(body, mid), len(friend.memos), time.monotonic(), 0
        while len(friend.memos) == before:
            now = time.monotonic()
            if now - began > seconds:
                raise RuntimeError(f"no echo of memo {number} of {size} bytes within {seconds} s")
            if now - at > 0.3:  # acks are not looked at: the echo says it all
                for one in grams:
                    friend.send(one, to)
                at = now
            for datagram, where in friend.receive(0.02):
                if not datagram.startswith(b"bAAI"):
                    friend.take(datagram, where)
                elif where == source and len(datagram) >= 36 and datagram[33:34] == b"C":
                    raise RuntimeError(f"memo {number} of {size} bytes was refused")
        if friend.memos[-1] != body:
            raise RuntimeError(f"memo {number} of {size} bytes came back changed")
        times.append(time.monotonic() - began)
    return times


def main():
    rand = random.Random(7)
    listener = Peer(sys.argv[1], "listen", "--json", "--udp", "127.0.0.1:0", "--kind", "sure", "--echo", "--time", 120)
    host, port = listener.wait_for("open")["address"].rsplit(":", 1)
    to = (host, int(port))
    friend = SurePeer("text", 1240, 0, 5)
    sizes = [100, 5000]
    peace = {size: max(echoes(friend, to, size)) for size in sizes}
    old = new_mid(rand)
    attacks = {
        "3,000 sure grams a second": (3000, 1, lambda n: gram(FIRST, 1, new_mid(rand), b"x")),
        "4,400 memos begun": (4400, 8, lambda n: gram(LATER, 1, new_mid(rand), b"x" * 25) if n < 4400 else None),
        "4,400 first grams of long memos": (
            4400, 8, lambda n: gram(FIRST, 9, new_mid(rand), b"x" * 25) if n < 4400 else None),
        "one finished memo over and over": (3000, 1, lambda n: gram(FIRST, 1, old, b"x")),
    }
    failed = 0
    for name, (rate, sources, make) in attacks.items():
        flood = Flood(to, rate, sources, make)
        flood.start()
        time.sleep(1)
        problem, slowest = None, {}
        try:
            slowest = {size: max(echoes(friend, to, size)) for size in sizes}
            late = {size: took for size, took in slowest.items() if took > 2 * peace[size] + GRACE}
            problem = f"late: {late}, in peace {peace}" if late else None
        except RuntimeError as error:
            problem = str(error)
        flood.stop()
        words = ", ".join(f"{size} bytes {took * 1000:.0f} ms (in peace {peace[size] * 1000:.0f})"
                          for size, took in slowest.items())
        print(f"{'FAIL' if problem else 'ok  '} {name}: {flood.sent} sent; slowest of {COUNT} echoes: {words} {problem or ''}",
              flush=True)
        failed += problem is not None
    if friend.problems:
        print(f"FAIL {friend.problems}")
    listener.child.terminate()
    listener.end(10)
    sys.exit(1 if failed or friend.problems else 0)


if __name__ == "__main__":
    main()
