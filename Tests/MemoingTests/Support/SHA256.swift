/// SHA-256 (FIPS 180-4), for the vectors' digests: the package itself needs none.
struct SHA256 {
    private static let k: [UInt32] = (0..<64).map { index in
        // The first 32 bits of the fractions of the cube roots of the first 64 primes.
        fraction(of: SHA256.primes[index], root: 3)
    }
    private static let primes: [Int] = (2...311).filter { n in !(2..<n).contains { n % $0 == 0 } }

    /// floor(frac(p ^ (1/root)) * 2^32), by integer search.
    private static func fraction(of prime: Int, root: Int) -> UInt32 {
        // The largest x with x^root <= p * 2^(32 * root), found bit by bit with wide products.
        var x: UInt64 = 0
        for bit in stride(from: 35, through: 0, by: -1) {
            let trial = x | 1 << UInt64(bit)
            if power(trial, root, isAtMost: prime) { x = trial }
        }
        return UInt32(truncatingIfNeeded: x)
    }

    /// trial^root <= prime << (32 * root), in base 2^32 digits.
    private static func power(_ trial: UInt64, _ root: Int, isAtMost prime: Int) -> Bool {
        var product: [UInt64] = [1]
        for _ in 0..<root { product = multiply(product, [trial & 0xFFFF_FFFF, trial >> 32]) }
        var bound = [UInt64](repeating: 0, count: root) + [UInt64(prime)]
        while bound.count < product.count { bound.append(0) }
        while product.count < bound.count { product.append(0) }
        for (a, b) in zip(product.reversed(), bound.reversed()) where a != b { return a < b }
        return true
    }

    private static func multiply(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
        var out = [UInt64](repeating: 0, count: a.count + b.count)
        for (i, x) in a.enumerated() {
            var carry: UInt64 = 0
            for (j, y) in b.enumerated() {
                let sum = out[i + j] + x * y + carry
                out[i + j] = sum & 0xFFFF_FFFF
                carry = sum >> 32
            }
            out[i + b.count] += carry
        }
        return out
    }

    private var state: [UInt32] = SHA256.primes[..<8].map { fraction(of: $0, root: 2) }
    private var pending: [UInt8] = []
    private var length: UInt64 = 0

    mutating func update(_ bytes: [UInt8]) {
        length += UInt64(bytes.count)
        pending += bytes
        var start = 0
        while pending.count - start >= 64 {
            block(start)
            start += 64
        }
        pending.removeFirst(start)
    }

    private mutating func block(_ start: Int) {
        var w = [UInt32](repeating: 0, count: 64)
        for i in 0..<16 { w[i] = pending[start + 4 * i..<start + 4 * i + 4].reduce(0) { $0 << 8 | UInt32($1) } }
        func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
        for i in 16..<64 {
            let s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3
            let s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10
            w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
        }
        var v = state
        for i in 0..<64 {
            let s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)
            let choice = v[4] & v[5] ^ ~v[4] & v[6]
            let t1 = v[7] &+ s1 &+ choice &+ SHA256.k[i] &+ w[i]
            let s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)
            let majority = v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2]
            v = [t1 &+ s0 &+ majority, v[0], v[1], v[2], v[3] &+ t1, v[4], v[5], v[6]]
        }
        for i in 0..<8 { state[i] &+= v[i] }
    }

    mutating func finish() -> String {
        let bits = length * 8
        var pad: [UInt8] = [0x80]
        while (pending.count + pad.count) % 64 != 56 { pad.append(0) }
        update(pad + (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) })
        return hex(state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } })
    }

    static func digest(_ bytes: [UInt8]) -> String {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    var text = ""
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return text
}

func unhex(_ text: String) -> [UInt8] {
    let digits = text.utf8.map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
