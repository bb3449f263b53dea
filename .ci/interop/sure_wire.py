#!/usr/bin/env python3
"""Sure memos between memo-peer and a peer of another hand, both ways, without and with loss.

sure_wire.py MEMO_PEER [--only WORD…]

The peer below is written from the articles Wire and SureWire alone, with nothing of the Swift code in mind. It sends a
window of grams, repeats what was not acknowledged for a while, and answers each gram with all that it holds.
"""
import base64
import hashlib
import random
import select
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from peers import Peer, expected, memo_text

FIRST, LATER, ACK = "bAAE", "bAAF", "bAAI"
MORE, DONE, REFUSED, STALE = range(4)
DUPLICATE, SHEAF, FAR = 1, 2, 4


def text(raw):
    return base64.urlsafe_b64encode(raw).decode()


def raw(chars):
    return base64.urlsafe_b64decode(chars)


def quad(number):
    return number.to_bytes(3, "big")


def head(code, number, mid):
    """A head in the binary domain; in the text domain it is the base64url of it."""
    return raw(code) + quad(number) + mid


def new_mid(rand):
    """16 bytes under the code 0A."""
    return raw("0A" + text(b"\0\0" + rand.randbytes(16))[2:])


def read(datagram):
    """(code, number, mid, rest) of a gram or an ack in either domain; the body of an ack is bytes in both."""
    lead = datagram[0] >> 2
    if lead == 0x18:
        code, number, mid, rest = datagram[:4].decode(), raw(datagram[4:8]), raw(datagram[8:32]), datagram[32:]
        if code == ACK:
            rest = raw(rest)
    elif lead == 0x1B:
        code, number, mid, rest = text(datagram[:3]), datagram[3:6], datagram[6:24], datagram[24:]
    else:
        raise ValueError("neither text nor binary")
    return code, int.from_bytes(number, "big"), mid, rest


def ack(trigger, mid, domain, status=None, base=0, credit=0, heard=0, lag=0, flags=0, held=()):
    body = b""
    if status is not None:
        body = bytes([0, 0, 0])
        body = quad(status << 12 | flags) + quad(base) + quad(credit) + quad(min(heard, 0xFFFFFF)) + quad(lag)
        bits = sorted(n - base - 1 for n in held if n - base - 1 < 32 * 24)
        if bits:
            words = [0] * (bits[-1] // 24 + 1)
            for bit in bits:
                words[bit // 24] |= 1 << 23 - bit % 24
            body += b"".join(map(quad, words))
    datagram = head(ACK, trigger, mid) + body
    return text(datagram).encode() if domain == "text" else datagram


class Told:
    """What an ack says."""

    def __init__(self, trigger, body):
        self.trigger, self.status, self.held, self.further = trigger, None, set(), []
        if not body:
            return
        quads = [int.from_bytes(body[at:at + 3], "big") for at in range(0, len(body), 3)]
        if len(body) % 3 or len(quads) < 5 or quads[0] >> 18:
            raise ValueError("no ack")
        self.status, self.reason, flags = quads[0] >> 12 & 63, quads[0] >> 6 & 63, quads[0] & 63
        self.base, self.credit, self.heard, self.lag = quads[1:5]
        rest, first = quads[5:], self.base + 1
        if flags & SHEAF:
            self.further = [body[at:at + 18] for at in range(15, len(body), 18)]
        elif self.status == MORE:
            if flags & FAR:
                first, rest = rest[0], rest[1:]
            self.held = {first + 24 * at + bit for at, word in enumerate(rest) for bit in range(24)
                         if word >> 23 - bit & 1}


def check_examples():
    """The two examples of the article."""
    mid = raw("0A" + text(b"\0\0" + bytes(range(16)))[2:])
    more = ack(9, mid, "text", MORE, base=3, credit=771, heard=8, lag=1250, held=[5, 6, 7, 9])
    done = ack(41, mid, "text", DONE, base=42, credit=42, heard=44)
    assert more == b"bAAIAAAJ0AAAAQIDBAUGBwgJCgsMDQ4PAAAAAAADAAMDAAAIAATidAAA", more
    assert done == b"bAAIAAAp0AAAAQIDBAUGBwgJCgsMDQ4PABAAAAAqAAAqAAAsAAAA", done
    told = Told(9, read(more)[3])
    assert (told.base, told.credit, told.heard, told.lag, told.held) == (3, 771, 8, 1250, {5, 6, 7, 9})


class SurePeer:
    def __init__(self, domain, gram, loss, seed):
        self.domain, self.gram, self.loss = domain, gram, loss
        self.random = random.Random(seed)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.problems = []
        # Receiving: grams by (source, mid), and what is over.
        self.open, self.over, self.memos = {}, {}, []

    def send(self, datagram, to):
        if self.random.random() >= self.loss:
            try:
                self.socket.sendto(datagram, to)
            except BlockingIOError:
                pass

    def receive(self, wait):
        """All that has come, each lost with the part that is lost."""
        ready, _, _ = select.select([self.socket], [], [], wait)
        while ready:
            try:
                datagram, source = self.socket.recvfrom(65536)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if self.random.random() >= self.loss:
                yield datagram, source

    # What a receiver does

    def take(self, datagram, source):
        code, number, mid, body = read(datagram)
        if code not in (FIRST, LATER):
            self.problems.append(f"{code} came")
            return
        at = 0 if code == FIRST else number
        key = (source, mid)
        if key in self.over:
            count = self.over[key]
            return self.send(ack(at, mid, self.domain, DONE, count, count, count + 1, flags=DUPLICATE), source)
        memo = self.open.setdefault(key, {"grams": {}, "count": None, "heard": 0})
        again = at in memo["grams"]
        memo["heard"] += 1
        memo["grams"][at] = body
        if code == FIRST:
            memo["count"] = max(1, number)
        grams, count = memo["grams"], memo["count"]
        if len(grams) == count:
            self.memos.append(b"".join(grams[n] for n in range(count)))
            self.over[key] = count
            del self.open[key]
            if count == 1:
                return self.send(ack(0, mid, self.domain), source)
            return self.send(ack(at, mid, self.domain, DONE, count, count, memo["heard"]), source)
        base = next(n for n in range(len(grams) + 1) if n not in grams)
        self.send(ack(at, mid, self.domain, MORE, base, base + 768, memo["heard"], flags=DUPLICATE if again else 0,
                      held=[n for n in grams if n > base]), source)

    def listen(self, count, until):
        while len(self.memos) < count and time.monotonic() < until:
            for datagram, source in self.receive(0.1):
                self.take(datagram, source)

    def linger(self, is_over, until):
        """Goes on to answer what is asked again, until the other side has ended."""
        while not is_over() and time.monotonic() < until:
            for datagram, source in self.receive(0.1):
                self.take(datagram, source)

    # What a sender does

    def cut(self, memo, mid):
        """The first body fills its gram; those behind are as long as in the text domain in both."""
        overhead = 32 if self.domain == "text" else 24
        first, later = self.gram - overhead, self.gram - 32
        bodies = [memo[:first]] + [memo[at:at + later] for at in range(first, len(memo), later)]
        grams = []
        for number, body in enumerate(bodies):
            lead = head(LATER, number, mid) if number else head(FIRST, len(bodies), mid)
            grams.append((text(lead).encode() if self.domain == "text" else lead) + body)
        return grams

    def deliver(self, memos, to, until, window=24, timer=0.15):
        """Sends memos until each is over; how each ended, in their order."""
        mids = [new_mid(self.random) for _ in memos]
        grams = {mid: self.cut(memo, mid) for mid, memo in zip(mids, memos)}
        missing = {mid: set(range(len(grams[mid]))) for mid in mids}
        credit = {mid: 8192 for mid in mids}
        sent = {mid: {} for mid in mids}
        told_more, ends = set(), {}
        while len(ends) < len(mids) and time.monotonic() < until:
            now = time.monotonic()
            under_way = sum(now - at < timer for mid in mids if mid not in ends
                            for n, at in sent[mid].items() if n in missing[mid])
            for mid in mids:
                if mid in ends:
                    continue
                for number in sorted(missing[mid]):
                    if under_way >= window or number >= credit[mid]:
                        break
                    if now - sent[mid].get(number, 0) >= timer:
                        self.send(grams[mid][number], to)
                        sent[mid][number] = now
                        under_way += 1
            for datagram, source in self.receive(0.02):
                code, trigger, mid, body = read(datagram)
                if code != ACK:
                    self.problems.append(f"{code} came")
                    continue
                told = Told(trigger, body)
                for other in told.further:
                    if other in missing and len(sent[other]) == len(grams[other]):
                        ends.setdefault(other, "delivered")
                if mid not in missing or mid in ends or source != to or trigger not in sent[mid]:
                    continue
                missing[mid].discard(trigger)
                if told.status == MORE:
                    told_more.add(mid)
                    missing[mid] -= set(range(told.base)) | told.held
                    credit[mid] = told.credit if credit[mid] == 8192 else max(credit[mid], told.credit)
                elif told.status == DONE and told.base == len(grams[mid]):
                    ends[mid] = "delivered"
                elif told.status in (REFUSED, STALE):
                    ends[mid] = "refused"
                if not missing[mid] and mid not in ends:
                    ends[mid] = "timedOut" if mid in told_more else "delivered"
        return [ends.get(mid, "open") for mid in mids]


# The cases

def faults(loss, seed):
    return ["--loss", loss, "--seed", seed] if loss else []


SIZES = [0, 1, 300, 1208, 1209, 5000, 60_000]


def from_memo_peer(memo_peer, domain, loss, seed):
    """memo-peer sends, we receive: each memo once, as it was sent, and memo-peer is told so."""
    peer = SurePeer(domain, 1240, loss, seed)
    until = time.monotonic() + 60
    for size in SIZES[1:]:
        before = len(peer.memos)
        sender = Peer(memo_peer, "send", "--json", "--udp", "127.0.0.1:0", "--to", peer.address, "--kind", "sure",
                      "--domain", domain, "--count", 6, "--memo-size", size, "--time", 50, *faults(loss, seed))
        peer.listen(before + 6, until)
        peer.linger(lambda: sender.child.poll() is not None, until)
        status = sender.end(5)
        got = sorted((len(memo), hashlib.sha256(memo).hexdigest()) for memo in peer.memos[before:])
        if got != sorted(expected([size] * 6)):
            return f"{size} bytes: {len(got)} of 6 memos came, or others than were sent: {sender.errors[-3:]}"
        if status != 0 or sender.outcomes() != ["delivered"] * 6:
            return f"{size} bytes: status {status}, {sender.outcomes()} {sender.errors[-3:]}"
    return "; ".join(peer.problems) or None


def to_memo_peer(memo_peer, domain, loss, seed):
    """We send, memo-peer receives: each memo once, as it was sent, and we are told so."""
    peer = SurePeer(domain, 1240, loss, seed)
    memos = [memo_text(number, size).encode() for number, size in enumerate(SIZES * 4)]
    listener = Peer(memo_peer, "listen", "--json", "--udp", "127.0.0.1:0", "--kind", "sure", "--domain", domain,
                    "--time", 60, *faults(loss, seed + 1))
    host, port = listener.wait_for("open")["address"].rsplit(":", 1)
    ends = peer.deliver(memos, (host, int(port)), time.monotonic() + 50)
    time.sleep(0.2)
    listener.child.terminate()
    listener.end(10)
    if ends != ["delivered"] * len(memos):
        return f"{ends}, {len(listener.memos())} of {len(memos)} came: {listener.errors[-3:]}"
    wanted = sorted((len(memo), hashlib.sha256(memo).hexdigest()) for memo in memos)
    if sorted(listener.memos()) != wanted:
        return f"{len(listener.memos())} of {len(memos)} came, or others than were sent"
    return "; ".join(peer.problems) or None


def main():
    check_examples()
    memo_peer, only = sys.argv[1], sys.argv[3:]
    cases = [(run, domain, loss) for run in (from_memo_peer, to_memo_peer) for domain in ("text", "binary")
             for loss in (0, 0.2)]

    def tried(number):
        run, domain, loss = cases[number]
        began = time.monotonic()
        name = f"{run.__name__.replace('_', ' ')} {domain} {loss:.0%} lost by each"
        try:
            problem = run(memo_peer, domain, loss, 31 + number)
        except Exception as error:  # a peer that does not come up is a failure, not the end
            problem = repr(error)
        print(f"{'FAIL' if problem else 'ok  '} {time.monotonic() - began:5.1f} s  {name}  {problem or ''}", flush=True)
        return problem

    wanted = [n for n, case in enumerate(cases) if all(word in map(str, [case[0].__name__, *case[1:]]) for word in only)]
    with ThreadPoolExecutor(4) as pool:
        problems = list(pool.map(tried, wanted))
    sys.exit(1 if any(problems) or not problems else 0)


if __name__ == "__main__":
    main()
