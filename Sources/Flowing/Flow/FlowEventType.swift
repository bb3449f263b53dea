/// What happened to a flow: Ouroboros' `FEventType`.
public enum FlowEventType: UInt8, Hashable, Sendable, CaseIterable {
    /// A packet can be read: `FlowPkt`.
    case packet
    /// It was set down, or its request came to nothing: `FlowDown`.
    case down
    /// It is no longer set down: `FlowUp`.
    case up
    /// The request was answered with yes: `FlowAlloc`.
    case alloc
    /// It was deallocated, here or by the peer: `FlowDealloc`.
    case dealloc
    /// The peer is lost: `FlowPeer`.
    case peer
}

/// What a layer tells a flow's owner outside of any parsing.
public struct FlowNotice {
    /// Which flow; nil: a request waits to be accepted.
    public let flow: Flow?
    /// What happened.
    public let type: FlowEventType
}
