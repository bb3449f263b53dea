import Wiring

/// Makes the keys of flows that are sealed (`cypher_s`): injected into a layer, since nothing here knows a cipher.
///
/// On our own layers only: it is another protocol than Ouroboros' encryption, and says so by its number.
public protocol FlowCipher {
    /// The number in the introductions: never that of one of Ouroboros' ciphers, so 0x8000 or above.
    var number: UInt16 { get }
    /// Bits of its keys; a flow that asks for more is refused.
    var strength: UInt16 { get }
    /// Bytes that a seal adds to a packet.
    var overhead: Int { get }
    /// A fresh share of a key: what goes to the peer, and what makes the key once the peer's share has come.
    func share() -> (bytes: [UInt8], agree: (_ peer: [UInt8], _ isAsker: Bool) -> (any FlowSealing)?)
}

/// Seals and opens the packets of one flow. Each seal stands for itself, so packets may be lost and overtake.
public protocol FlowSealing {
    /// Appends the sealed packet: ``FlowCipher/overhead`` bytes more.
    func seal(_ packet: RawSpan, into sealed: inout [UInt8])
    /// Appends the packet, unless the seal does not hold or was opened before.
    func open(_ sealed: RawSpan, into packet: inout [UInt8]) -> FlowOpening
}

/// What became of a sealed packet.
public enum FlowOpening: Hashable, Sendable {
    /// Here it is.
    case opened
    /// It was altered, or sealed by somebody else.
    case broken
    /// It was opened before, or is so old that nobody knows.
    case replayed
}
