#!/usr/bin/env python3
"""Writes ltp_security.json: segments of LTP with the extensions of RFC 5327, made from the text of the RFC with Python's
hmac and the package cryptography, and with nothing of the Swift code.

ltp_security.py >ltp_security.json
"""
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

FORMAT = """Each of `cases` is one segment. `plain` is the segment without extensions, `sealed` the datagram as it goes over
the wire. `suite` is the ciphersuite (0 HMAC-SHA1-80, 1 RSA-SHA256, 255 NULL), `keys` are the keys that the receiver takes,
[id, secret] each in hex; a sender uses the first. `verifies` says whether the receiver takes `sealed`; `why` what is special.
Where `is_canonical`, a sender makes exactly `sealed` of `plain` with the first key. The input of every code and signature is
the whole segment up to its value, with the tag and the length of the extension that it stands in (RFC 5327, 2.1). `rsa` has
the public key, n and e in hex; signatures are RSASSA-PKCS1-v1_5 (RFC 3447, 8.2), which is deterministic."""
NULL_KEY = bytes.fromhex("c37b7e6492584340bed12207808941155068f738")


def sdnv(value):
    digits = [value & 0x7F]
    while value > 0x7F:
        value >>= 7
        digits.insert(0, value & 0x7F | 0x80)
    return bytes(digits)


def tlv(tag, value):
    return bytes([tag]) + sdnv(len(value)) + value


class Segment:
    def __init__(self, kind, engine, session, content):
        self.head = bytes([kind]) + sdnv(engine) + sdnv(session)
        self.content = content

    def bytes(self, header=(), trailer=()):
        counts = bytes([len(header) << 4 | len(trailer)])
        return self.head + counts + b"".join(header) + self.content + b"".join(trailer)

    def sealed(self, suite, key_id, sign, size, header=None, more=()):
        """With one value behind; `more` are trailer extensions in front of it."""
        if header is None:
            header = [tlv(0, bytes([suite]) + key_id)]
        before = self.bytes(header, list(more) + [b""]) + b"\0" + sdnv(size)
        return before + sign(before)


def code(secret):
    return lambda message: hmac.new(secret, message, hashlib.sha1).digest()[:10]


def data(kind, engine, session, client, offset, payload, serials=()):
    content = sdnv(client) + sdnv(offset) + sdnv(len(payload)) + b"".join(map(sdnv, serials)) + payload
    return Segment(kind, engine, session, content)


def pattern(count):
    return bytes((i * 131 ^ i >> 8) & 0xFF for i in range(count))




def rsa_key():
    """A key for tests, of no secret: the first two primes above fixed numbers, so that the file comes out the same."""
    def prime(start):
        n = start | 1
        while not all(pow(a, n - 1, n) == 1 for a in (2, 3, 5, 7, 11, 13)) or (n - 1) % 65537 == 0:
            n += 2
        return n
    seed = int.from_bytes(hashlib.sha512(b"ltp vectors p").digest(), "big") | 3 << 510
    p = prime(seed)
    q = prime(int.from_bytes(hashlib.sha512(b"ltp vectors q").digest(), "big") | 3 << 510)
    d = pow(65537, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p),
                                 rsa.RSAPublicNumbers(65537, p * q)).private_key()


KEY = rsa_key()
SEGMENTS = {
    "red": data(0, 7, 42, 1, 1392, pattern(300)),
    "checkpoint at the end of the block": data(3, 7, 42, 1, 1692, pattern(100), (17, 0)),
    "checkpoint that answers a report": data(1, 2 ** 40, 2 ** 61 + 5, 5, 20, pattern(61), (300, 70000)),
    "green": data(4, 7, 43, 1, 0, pattern(55)),
    "green, ends the block": data(7, 7, 43, 1, 55, pattern(1)),
    "report": Segment(8, 7, 42, sdnv(901) + sdnv(17) + sdnv(1792) + sdnv(0) + sdnv(2) + sdnv(0) + sdnv(1000)
                      + sdnv(1392) + sdnv(400)),
    "report ack": Segment(9, 7, 42, sdnv(901)),
    "cancel by the sender": Segment(12, 7, 42, b"\0"),
    "ack of it": Segment(13, 7, 42, b""),
    "cancel by the receiver": Segment(14, 7, 42, b"\3"),
    "ack of that": Segment(15, 7, 42, b""),
    # Lengths around the blocks of SHA-1.
    **{f"red, {n} bytes": data(0, 1, 1, 1, 0, pattern(n)) for n in (36, 37, 38, 39, 40, 99, 100, 101, 1370, 6000)},
}


def main():
    cases = []

    def case(name, suite, keys, plain, sealed, verifies=True, why="", is_canonical=False):
        cases.append({"name": name, "suite": suite, "keys": [[k.hex(), s.hex()] for k, s in keys],
                      "plain": plain.hex(), "sealed": sealed.hex(), "verifies": verifies, "why": why,
                      "is_canonical": is_canonical})

    key = (b"\x24", bytes(range(20)))
    long_key = (b"", bytes(range(100)))
    other = (b"\x25", b"another secret of ours")
    for name, segment in SEGMENTS.items():
        case(name, 0, [key], segment.bytes(), segment.sealed(0, key[0], code(key[1]), 10), is_canonical=True)
        case(name, 255, [(b"", b"")], segment.bytes(), segment.sealed(255, b"", code(NULL_KEY), 10), is_canonical=True)
    red = SEGMENTS["red"]
    good = red.sealed(0, key[0], code(key[1]), 10)
    case("a key longer than a block, no id", 0, [long_key], red.bytes(),
         red.sealed(0, b"", code(long_key[1]), 10), is_canonical=True)
    case("without value", 0, [key], red.bytes(), red.bytes(), False, "nothing to verify")
    case("damaged data", 0, [key], red.bytes(), good[:60] + bytes([good[60] ^ 1]) + good[61:], False, "a bit changed")
    case("damaged value", 0, [key], red.bytes(), good[:-1] + bytes([good[-1] ^ 0x80]), False, "a bit changed")
    case("damaged head", 0, [key], red.bytes(), good[:2] + bytes([good[2] ^ 1]) + good[3:], False,
         "the session is another")
    case("another key", 0, [other], red.bytes(), good, False, "made with a key that the receiver does not have")
    case("a second key", 0, [other, key], red.bytes(), good, True, "keys are being changed: both are taken")
    case("null where a secret is asked for", 0, [key], red.bytes(), red.sealed(255, b"", code(NULL_KEY), 10), False,
         "everybody has that key")
    case("null's code under the name of HMAC", 0, [key], red.bytes(), red.sealed(0, b"", code(NULL_KEY), 10), False,
         "everybody has that key")
    case("no extension in front", 0, [key], red.bytes(), red.sealed(0, b"", code(key[1]), 10, header=[]), True,
         "it may be left out in all segments but the first")
    case("a short value", 0, [key], red.bytes(), red.sealed(0, key[0], lambda m: code(key[1])(m)[:4], 4), False,
         "four bytes of the right code")
    case("an empty value", 0, [key], red.bytes(), red.sealed(0, key[0], lambda m: b"", 0), False, "no bytes")
    both = [tlv(0, b"\0" + other[0]), tlv(0, b"\0" + key[0])]
    before = red.bytes(both, [b"", b""]) + b"\0" + sdnv(10)
    first = before + code(other[1])(before)
    second = first + b"\0" + sdnv(10)
    two = second + code(key[1])(second)
    case("two values, the old key", 0, [key], red.bytes(), two, True, "one value that verifies is enough")
    case("two values, the new key", 0, [other], red.bytes(), two, True, "one value that verifies is enough")
    cookie = [tlv(0, b"\0" + key[0]), tlv(1, b"a cookie of 16 b")]
    case("beside a cookie", 0, [key], red.bytes(), red.sealed(0, key[0], code(key[1]), 10, header=cookie), True,
         "other extensions are part of the input")
    case("beside an unknown trailer", 0, [key], red.bytes(),
         red.sealed(0, key[0], code(key[1]), 10, more=[tlv(0xC1, b"xyz")]), True,
         "other extensions are part of the input")

    def sign(message):
        return KEY.sign(message, padding.PKCS1v15(), hashes.SHA256())

    for name in ("red", "report", "cancel by the receiver"):
        segment = SEGMENTS[name]
        case(name, 1, [(b"k1", b"")], segment.bytes(), segment.sealed(1, b"k1", sign, 128), is_canonical=True)
    signed = red.sealed(1, b"k1", sign, 128)
    case("damaged, signed", 1, [(b"k1", b"")], red.bytes(), signed[:60] + bytes([signed[60] ^ 1]) + signed[61:], False,
         "a bit changed")
    numbers = KEY.public_key().public_numbers()
    print(json.dumps({"format": FORMAT, "rsa": {"n": f"{numbers.n:x}", "e": f"{numbers.e:x}"}, "cases": cases}, indent=1))


main()
