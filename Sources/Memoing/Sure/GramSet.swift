/// A set of gram numbers that slides upwards: what is held, or acknowledged, above a base.
///
/// - Complexity: constant for a number; memory is a bit for each number between the base and the greatest member.
struct GramSet: Hashable, Sendable {
    /// The number of the first bit of the first word: a multiple of 64.
    private var origin = 0
    private var words: [UInt64] = []

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    func contains(_ number: Int) -> Bool {
        let word = number / 64 - origin / 64
        guard word >= 0, word < words.count else { return false }
        return words[word] >> UInt64(number & 63) & 1 == 1
    }

    /// Adds a number, which must not be below what was trimmed.
    mutating func insert(_ number: Int) {
        if words.isEmpty { origin = number & ~63 }
        if number < origin {
            words.insert(contentsOf: Array(repeating: 0, count: (origin - (number & ~63)) / 64), at: 0)
            origin = number & ~63
        }
        let word = number / 64 - origin / 64
        while words.count <= word { words.append(0) }
        words[word] |= 1 << UInt64(number & 63)
    }

    /// Forgets everything in words that are wholly below `base`.
    mutating func trim(below base: Int) {
        let gone = min(words.count, base / 64 - origin / 64)
        guard gone > 0 else { return }
        words.removeFirst(gone)
        origin += gone * 64
    }

    /// The lowest number from `base` on that is no member.
    func firstAbsent(from base: Int) -> Int {
        var number = base
        while contains(number) { number += 1 }
        return number
    }

    /// Numbers from `start` on as words of 24 bits, the lowest number highest; at most `most` words, the last not 0.
    func words24(from start: Int, most: Int) -> [UInt32] {
        var result: [UInt32] = []
        let end = origin + 64 * words.count
        var number = start
        while number < end, result.count < most {
            var word: UInt32 = 0
            for bit in 0..<24 where contains(number + bit) { word |= 1 << UInt32(23 - bit) }
            result.append(word)
            number += 24
        }
        while result.last == 0 { result.removeLast() }
        return result
    }

    /// Members from `start` on, ascending.
    func members(from start: Int) -> [Int] {
        let end = origin + 64 * words.count
        return start < end ? (max(start, origin)..<end).filter(contains) : []
    }
}
