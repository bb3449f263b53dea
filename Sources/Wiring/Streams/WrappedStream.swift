import Doing

/// A stream on top of another that states only what it changes: everything else is handed on as it is.
public protocol WrappedStream: StreamTransport {
    /// The stream that does the work.
    associatedtype Base: StreamTransport
    /// The stream that does the work.
    var base: Base { get set }
}

extension WrappedStream {
    @inlinable public var readiness: Readiness { base.readiness }
    @inlinable public var isConnecting: Bool { base.isConnecting }
    @inlinable public var wakeTyme: Tyme? { base.wakeTyme }
    @inlinable public var remote: Address { base.remote }
    @inlinable public var local: Address { base.local }
    @inlinable public mutating func open(for doer: Doer?) throws(TransportError) { try base.open(for: doer) }
    @inlinable public mutating func connect(at tyme: Tyme) throws(TransportError) -> Bool {
        try base.connect(at: tyme)
    }
    @inlinable public mutating func read(
        into out: inout OutputRawSpan, at tyme: Tyme
    ) throws(TransportError) -> StreamReading { try base.read(into: &out, at: tyme) }
    @inlinable public mutating func write(
        _ bytes: RawSpan, at tyme: Tyme
    ) throws(TransportError) -> StreamWriting { try base.write(bytes, at: tyme) }
    @inlinable public mutating func finish() { base.finish() }
    @inlinable public mutating func close() { base.close() }
    @inlinable public mutating func reset() { base.reset() }
    @inlinable public func describe(_ address: Address) -> String { base.describe(address) }
}
