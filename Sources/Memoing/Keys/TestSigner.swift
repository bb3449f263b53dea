/// A toy signer for tests and simulations: deterministic, fast, needs no library, and **protects nothing**.
///
/// A signature is eight keyed 64-bit hashes of the message, under a key that anyone can work out from the verification
/// key. It tells bytes that were changed from bytes that were not, by accident or by a test, and is as long as a real
/// one; whoever wants to can forge it. Its seeds, keys and signatures are no Ed25519.
public struct TestSigner: Signer, Sendable {
    /// A toy.
    public init() {}

    public func verifyKey(of seed: Seed) -> VerifyKey {
        let words = seed.material
        let hash = KeyedHash(words.a ^ words.c, words.b ^ words.d)
        var key = words
        (key.a, key.b) = (hash(words.a, 1), hash(words.b, 2))
        (key.c, key.d) = (hash(words.c, 3), hash(words.d, 4))
        return VerifyKey(key)
    }

    public func sign(_ message: RawSpan, seed: Seed, verifyKey: VerifyKey) -> Signature {
        // Made from the seed, so that a pair whose halves do not belong together signs in vain.
        mark(message, key: self.verifyKey(of: seed))
    }

    public func verify(_ signature: Signature, of message: RawSpan, key: VerifyKey) -> Bool {
        mark(message, key: key) == signature
    }

    private func mark(_ message: RawSpan, key: VerifyKey) -> Signature {
        let words = key.material
        let hash = KeyedHash(words.a ^ words.b, words.c ^ words.d)
        var sum = hash(UInt64(truncatingIfNeeded: message.byteCount), words.d)
        var at = 0
        while at &+ 8 <= message.byteCount {
            let word = unsafe UInt64(littleEndian: message.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
            // A bijection of the sum so far for each word: one changed word always changes the sum.
            sum = ((sum ^ word) &* 0x9E37_79B9_7F4A_7C15)
            sum ^= sum &>> 29
            at &+= 8
        }
        var tail: UInt64 = 0
        while at < message.byteCount {
            tail = tail << 8 | UInt64(unsafe message.unsafeLoad(fromByteOffset: at, as: UInt8.self))
            at &+= 1
        }
        sum = hash(sum, tail)
        var room = InlineWords8()
        return unsafe withUnsafeMutableBytes(of: &room) { room in
            for index in 0..<8 {
                unsafe room.storeBytes(of: hash(sum, UInt64(index)), toByteOffset: 8 * index, as: UInt64.self)
            }
            return Signature(unsafe room.bytes)
        }
    }
}
