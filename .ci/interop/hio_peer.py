#!/usr/bin/env python3
"""A memo peer made of hio 0.7.20 itself, with the JSON lines of `memo-peer`.

hio_peer.py listen --udp PORT | --uxd NAME --head DIR  [--count N] [--echo]
hio_peer.py send   --udp PORT | --uxd NAME --head DIR  --to PORT|PATH --sizes N,N,…
common: [--kind plain|signed] [--domain text|binary] [--size GRAM] [--seed-key HEX64] [--time S] [--gap S]

Memo number i of size n is what memo_text of peers.py makes.
"""
import argparse
import hashlib
import json
import sys
import tempfile
import time

from hio.base import doing
from hio.core.memo.memoing import Keyage, Memoer
from hio.core.udp.peermemoing import PeerMemoer as UdpMemoer
from hio.core.uxd.peermemoing import PeerMemoer as UxdMemoer

from peers import memo_text


class WideUdpMemoer(UdpMemoer):
    """hio's own UDP memoer, allowed to use the largest datagram that UDP has."""
    MaxGramSize = 65507

    def __init__(self, **kwa):
        super().__init__(bc=60, **kwa)  # 60 x 65507: about the receive buffer that Linux grants


def say(**event):
    print(json.dumps(event), flush=True)


class Talk(doing.Doer):
    """Sends its memos, one when the one before has left, or reports what arrives."""

    def __init__(self, peer, args, **kwa):
        super().__init__(**kwa)
        self.peer, self.args = peer, args
        self.todo = [int(n) for n in args.sizes.split(",")] if args.mode == "send" else []
        self.sent = self.received = 0
        self.linger = 0.0

    def enter(self, *, temp=None):
        say(event="open", address=self.peer.path if self.args.uxd else f"127.0.0.1:{self.peer.ha[1]}")

    def destination(self):
        if self.args.uxd:
            return self.args.to
        host, port = self.args.to.rsplit(":", 1)
        return (host, int(port))

    def recur(self, tyme):
        while self.peer.inbox:
            memo, src, vid = self.peer.inbox.popleft()
            self.received += 1
            data = memo.encode()
            say(event="memo", **{"from": str(src)}, length=len(data), sha256=hashlib.sha256(data).hexdigest(), vid=vid)
            if self.args.echo:
                self.peer.memoit(memo, src, self.peer.vid)
        idle = not self.peer.txms and not self.peer.txgs and not self.peer.txbs[1]
        if self.args.mode == "listen":
            return self.received >= self.args.count and idle
        if not idle:
            return False
        if self.todo and time.monotonic() >= self.linger:
            memo = memo_text(self.sent, self.todo.pop(0))
            self.peer.memoit(memo, self.destination(), self.peer.vid)
            self.sent += 1
            self.linger = time.monotonic() + self.args.gap
            say(event="sent", length=len(memo), sha256=hashlib.sha256(memo.encode()).hexdigest())
            return False
        return not self.todo and time.monotonic() >= self.linger

    def exit(self):
        say(event="end", sent=self.sent, received=self.received)


def make_peer(args):
    options = dict(name=args.uxd or "udp", size=args.size, curt=args.domain == "binary")
    if args.kind == "signed":
        import pysodium

        verkey, _ = pysodium.crypto_sign_seed_keypair(bytes.fromhex(args.seed_key))
        vid = Memoer._encodeVID(raw=verkey, code="B")
        key = Keyage(qvk=Memoer._encodeQVK(raw=verkey), qss=Memoer._encodeQSS(raw=bytes.fromhex(args.seed_key)))
        options.update(code="bAAC", authic=True, keep={vid: key}, vid=vid)
    if args.uxd:
        return UxdMemoer(headDirPath=args.head, bc=4, **options)
    cls = UdpMemoer if args.size <= 1240 else WideUdpMemoer
    return cls(ha=("127.0.0.1", args.udp), **options)


class PeerDoer(doing.Doer):
    """hio's PeerMemoerDoer, but a peer that could not open says so instead of staying silent."""

    def __init__(self, peer, **kwa):
        super().__init__(**kwa)
        self.peer = peer

    def enter(self, *, temp=None):
        if not self.peer.reopen():
            raise SystemExit("hio peer could not open")

    def recur(self, tyme):
        self.peer.service()

    def exit(self):
        self.peer.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["listen", "send"])
    parser.add_argument("--udp", type=int)
    parser.add_argument("--uxd")
    parser.add_argument("--head", default=tempfile.gettempdir())
    parser.add_argument("--to")
    parser.add_argument("--kind", choices=["plain", "signed"], default="plain")
    parser.add_argument("--domain", choices=["text", "binary"], default="text")
    parser.add_argument("--size", type=int, default=1240)
    parser.add_argument("--sizes", default="1")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--echo", action="store_true")
    parser.add_argument("--seed-key", default="00" * 32)
    parser.add_argument("--time", type=float, default=30.0)
    parser.add_argument("--gap", type=float, default=0.1)
    args = parser.parse_args()
    peer = make_peer(args)
    talk = Talk(peer, args)
    peer_doer = PeerDoer(peer)
    # The peer's doer never ends, so the talk's end is the end; a short sleep keeps an idle peer from spinning.
    doist = doing.Doist(doers=[peer_doer, talk])
    deadline = time.monotonic() + args.time
    doist.enter()
    while not talk.done and time.monotonic() < deadline:
        doist.recur()
        time.sleep(0.002)
    done = talk.done
    doist.exit()
    sys.exit(0 if done else 1)


if __name__ == "__main__":
    main()
