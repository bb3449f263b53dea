/// A kind of datagram that faults and rules can name: "drop the first ack".
public struct DatagramKind {
    /// The kind that every datagram is, which needs not be given to a net.
    public static let any = "any"

    /// Its name: letters, digits, - and _.
    public let name: String
    let isMember: (RawSpan) -> Bool

    /// A kind.
    ///
    /// - Parameters:
    ///   - name: its name: letters, digits, - and _.
    ///   - isMember: tells by the bytes whether a datagram is of this kind. It must not touch the net.
    public init(_ name: String, _ isMember: @escaping (RawSpan) -> Bool) {
        self.name = name
        self.isMember = isMember
    }
}
