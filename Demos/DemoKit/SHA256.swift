/// SHA-256, so that a log can show that two peers hold the same memo.
///
/// The demos compare with it and secure nothing with it. It is here, and not from a crypto library, because the plain
/// half of every demo runs on a machine that has none.
///
/// - Source: FIPS 180-4 §4.1.2, §5.3.3, §6.2.
public enum SHA256 {
    /// The digest as 64 hexadecimal digits.
    public static func hex(_ bytes: some Collection<UInt8>) -> String {
        let digest = digest(bytes)
        return String(unsafeUninitializedCapacity: 64) { text in
            for (place, byte) in digest.enumerated() {
                (text[2 * place], text[2 * place + 1]) = (digit(byte >> 4), digit(byte & 15))
            }
            return 64
        }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble + (nibble < 10 ? 48 : 87) }

    /// The digest: 32 bytes.
    public static func digest(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var message = Array(bytes)
        let bits = UInt64(message.count) * 8
        message.append(0x80)
        message.append(contentsOf: repeatElement(0, count: (120 - message.count % 64) % 64))
        message.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) })
        var state = State(initial)
        let (words, constants) = (message.span.bytes, constants.span)
        for block in stride(from: 0, to: message.count, by: 64) { compress(&state, words, at: block, constants) }
        return (0..<32).map { UInt8(truncatingIfNeeded: state[$0 / 4] >> UInt32(24 - 8 * ($0 % 4))) }
    }

    private typealias State = SIMD8<UInt32>

    private static func compress(_ state: inout State, _ words: RawSpan, at block: Int, _ constants: Span<UInt32>) {
        var w = InlineArray<64, UInt32>(repeating: 0)
        for i in 0..<16 {
            w[i] = UInt32(bigEndian: words.unsafeLoadUnaligned(fromByteOffset: block &+ 4 &* i, as: UInt32.self))
        }
        for i in 16..<64 {
            let (before, late) = (w[i &- 2], w[i &- 15])
            let s0 = rotate(late, 7) ^ rotate(late, 18) ^ late >> 3
            let s1 = rotate(before, 17) ^ rotate(before, 19) ^ before >> 10
            w[i] = w[i &- 16] &+ s0 &+ w[i &- 7] &+ s1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for i in stride(from: 0, to: 64, by: 4) {
            round(a, b, c, &d, e, f, g, &h, constants[i] &+ w[i])
            round(h, a, b, &c, d, e, f, &g, constants[i &+ 1] &+ w[i &+ 1])
            round(g, h, a, &b, c, d, e, &f, constants[i &+ 2] &+ w[i &+ 2])
            round(f, g, h, &a, b, c, d, &e, constants[i &+ 3] &+ w[i &+ 3])
            (a, b, c, d, e, f, g, h) = (e, f, g, h, a, b, c, d)
        }
        state = state &+ State(a, b, c, d, e, f, g, h)
    }

    /// One round: what becomes of the two words that change; the others only move on.
    @inline(__always)
    private static func round(
        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
        _ h: inout UInt32, _ word: UInt32
    ) {
        let t1 = h &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) &+ (g ^ e & (f ^ g)) &+ word
        d = d &+ t1
        h = t1 &+ (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ (a & b ^ c & (a ^ b))
    }

    private static func rotate(_ word: UInt32, _ by: UInt32) -> UInt32 { word >> by | word << (32 - by) }

    private static let primes: [UInt64] = {
        var found: [UInt64] = []
        var candidate: UInt64 = 2
        while found.count < 64 {
            if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
            candidate += 1
        }
        return found
    }()

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes, by whole numbers alone.
    private static let constants: ContiguousArray<UInt32> = ContiguousArray(primes.map { root($0, power: 3) })
    /// The same of the square roots of the first 8 primes.
    private static let initial = primes.prefix(8).map { root($0, power: 2) }

    /// The low 32 bits of floor(prime^(1/power) × 2^32), by bisection on multiple-width products.
    private static func root(_ prime: UInt64, power: Int) -> UInt32 {
        var low: UInt64 = 0
        var high: UInt64 = 32 << 32
        while high - low > 1 {
            let middle = (low + high) / 2
            if isAtMost(middle, prime, power) { low = middle } else { high = middle }
        }
        return UInt32(truncatingIfNeeded: low)
    }

    /// (x / 2^32)^power <= prime, exactly.
    private static func isAtMost(_ x: UInt64, _ prime: UInt64, _ power: Int) -> Bool {
        let square = x.multipliedFullWidth(by: x)  // scaled by 2^64: high is the whole part
        if power == 2 { return square.high < prime }
        // x^3 scaled by 2^96, as three words of which the top one and the upper half of the middle are whole.
        let low = square.low.multipliedFullWidth(by: x)
        let high = square.high.multipliedFullWidth(by: x)
        let (middle, carry) = high.low.addingReportingOverflow(low.high)
        let top = high.high + (carry ? 1 : 0)
        return top << 32 | middle >> 32 < prime
    }
}
