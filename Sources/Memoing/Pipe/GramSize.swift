/// How long grams may be.
///
/// - Source: hio `core/memo/memoing.py`, `size`; `core/udp/udping.py` and `core/uxd/uxding.py`, `MaxGramSize`.
public enum GramSize {
    /// hio's for UDP: fits through nearly every path.
    public static let udp = 1240
    /// What every IPv4 path carries.
    public static let safeIPv4 = 548
    /// The largest UDP payload over IPv4.
    public static let largestUDP = 65507
    /// hio's for Unix datagrams, and of the memogram itself.
    public static let largest = 65535

    /// The size that a sender uses: what was asked for, or else the transport's maximum, but always enough for one
    /// byte of body.
    ///
    /// - Throws: ``MemoError/gramSizeTooLarge(size:maximum:)`` above `maximum`, ``MemoError/badGramSize(_:)`` below 0,
    ///   ``MemoError/transportTooSmall(maximum:need:)`` if not even one byte of body fits.
    public static func effective(
        _ requested: Int?, maximum: Int, kind: MemoKind, domain: Domain
    ) throws(MemoError) -> Int {
        let least = kind.zeroth.layout.overhead(in: domain) + 1
        guard maximum >= least else { throw .transportTooSmall(maximum: maximum, need: least) }
        let size = requested ?? maximum
        guard size >= 0 else { throw .badGramSize(size) }
        guard size <= maximum else { throw .gramSizeTooLarge(size: size, maximum: maximum) }
        return max(size, least)
    }
}
