/// A source of random numbers whose sequence is fixed for ever: the same seed gives the same numbers in any process, on
/// any platform, with any toolchain.
///
/// It does not refine `RandomNumberGenerator` on purpose: `Int.random(in:using:)` and `shuffled(using:)` may draw
/// otherwise in another toolchain. ``below(_:)-(UInt64)``, ``unit()`` and ``shuffle(_:)`` are the draws that stay as
/// they are.
public protocol RandomSource {
    /// The next 64 bits.
    mutating func next() -> UInt64

    /// A generator of its own for a part of the program, so that what one part draws does not shift what another sees.
    ///
    /// Forks in the same order give the same tree.
    mutating func fork() -> Self
}

extension RandomSource {
    /// A number in `0..<bound`, each equally likely.
    ///
    /// The high word of a 64 x 64 bit product, with the few draws rejected that would make it unfair; usually one draw,
    /// never a division unless the low word is below `bound`.
    ///
    /// - Precondition: `bound` is not 0.
    /// - Source: Lemire, Fast Random Integer Generation in an Interval, 2019.
    public mutating func below(_ bound: UInt64) -> UInt64 {
        precondition(bound > 0, "below(0): there is no such number")
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let unfair = (0 &- bound) % bound
            while product.low < unfair { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    /// A number in `0..<bound`, each equally likely.
    ///
    /// - Precondition: `bound` is greater than 0.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "below(\(bound)): there is no such number")
        return Int(below(UInt64(bound)))
    }

    /// A multiple of 2^-53 in `0.0..<1.0`, each equally likely: the top 53 bits of one draw.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Puts the elements in a random order: Fisher and Yates from the end, one ``below(_:)-(Int)`` for each.
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, below(last + 1))
        }
    }
}
