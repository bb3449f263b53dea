import Doing

/// A transport on top of another that states only what it changes: everything else is handed on as it is.
///
/// ```swift
/// /// Sends nothing that is longer than it should be.
/// struct Narrow<Base: DatagramTransport>: WrappedTransport {
///     var base: Base
///     var limits: TrainLimits { TrainLimits(segments: 1, bytes: 1200, datagram: 1200) }
/// }
/// ```
public protocol WrappedTransport: DatagramTransport {
    /// The transport that does the work.
    associatedtype Base: DatagramTransport
    /// The transport that does the work.
    var base: Base { get set }
}

extension WrappedTransport {
    @inlinable public var limits: TrainLimits { base.limits }
    @inlinable public var address: Address { base.address }
    @inlinable public var readiness: Readiness { base.readiness }
    @inlinable public var statistics: TransportStatistics { base.statistics }
    @inlinable public mutating func open(for doer: Doer?) throws(TransportError) { try base.open(for: doer) }
    @inlinable public mutating func close() { base.close() }
    @inlinable public var isEmpty: Bool { base.isEmpty }
    @inlinable public mutating func receive(
        into out: inout OutputRawSpan, at tyme: Tyme
    ) throws(TransportError) -> Train? { try base.receive(into: &out, at: tyme) }
    @inlinable public mutating func send(
        _ bytes: RawSpan, _ train: Train, at tyme: Tyme
    ) throws(TransportError) -> Sending { try base.send(bytes, train, at: tyme) }
    @inlinable public var wakeTyme: Tyme? { base.wakeTyme }
    @inlinable public mutating func roomDescriptor(whileBlocked isBlocked: Bool) -> Int32? {
        base.roomDescriptor(whileBlocked: isBlocked)
    }
    @inlinable public mutating func clearRoom() { base.clearRoom() }
    @inlinable public func describe(_ address: Address) -> String { base.describe(address) }
}
