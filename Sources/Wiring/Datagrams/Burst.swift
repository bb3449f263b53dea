/// Room for one train, lent for the length of a call: 64 KiB that are never cleared.
///
/// One is enough for any number of doers of a doist, since nothing stays in it between calls. It stays where it is,
/// but for one that a recording lends: there the room is what comes behind the last record, so that a train is recorded
/// where it stands.
public final class Burst {
    @usableFromInline enum State { case free, lent, settled }

    // One thread owns it, and each of these is only read and written as a whole.

    @exclusivity(unchecked) @usableFromInline var base: UnsafeMutableRawPointer
    @exclusivity(unchecked) @usableFromInline var state = State.free
    @exclusivity(unchecked) @usableFromInline var isAwaited = false
    /// Called when it comes back, if it is awaited.
    package var onReturn: () -> Void = {}
    /// Bytes that fit.
    public let capacity: Int
    /// What the streams that read into it may read in a pass.
    let crowd = StreamCrowd()
    /// Whose memory it is; nil for its own.
    package var owner: AnyObject?

    /// Room for `capacity` bytes. The default holds the largest train of every transport here.
    public init(capacity: Int = 65536) {
        precondition(capacity > 0, "burst capacity \(capacity): expected at least 1")
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 64)
    }

    /// Room in the memory of `owner`, which can be moved.
    package init(at base: UnsafeMutableRawPointer, capacity: Int, of owner: AnyObject) {
        self.capacity = capacity
        self.base = base
        self.owner = owner
    }

    deinit { if owner == nil { base.deallocate() } }

    /// Lends the empty room to `body`. It must not be lent again inside.
    @inlinable public func lend<R, E: Error>(_ body: (inout OutputRawSpan) throws(E) -> R) throws(E) -> R {
        try lend(capacity, body)
    }

    /// Lends its first `count` bytes, at most ``capacity``, to `body`. It must not be lent again inside.
    @inlinable @inline(__always) public func lend<R, E: Error>(
        _ count: Int, _ body: (inout OutputRawSpan) throws(E) -> R
    ) throws(E) -> R {
        precondition(state == .free, "a burst is lent twice at a time")
        precondition(count <= capacity, "lend \(count) bytes of \(capacity)")
        state = .lent
        defer {
            state = .free
            if isAwaited { comeBack() }
        }
        let room = UnsafeMutableRawBufferPointer(start: base, count: count)
        var out = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
        return try body(&out)
    }

    @usableFromInline @inline(never) func comeBack() { onReturn() }
}

/// Lends the room that trains of one transport are best received into and sent from: a recording has such, behind its
/// last record, where what stands need not be copied. It is asked before each call, and lends for that call alone.
@usableFromInline package protocol RoomLender: AnyObject {
    /// Room for `capacity` bytes; nil for any other.
    func burst(of capacity: Int, for direction: TapDirection) -> Burst?
}

/// A transport whose trains are recorded where they stand. A wrapper that changes no bytes hands the lender on.
@usableFromInline package protocol HasRoomLender {
    /// Who lends; nil for nobody.
    var roomLender: (any RoomLender)? { get }
}

/// For a recording, which lends a place in its memory.
///
/// Inlinable since only from here are the fields not checked for exclusive access.
extension Burst {
    /// Whether nobody has it.
    @inlinable package var isFree: Bool { state == .free }

    /// Whether it is lent, and what stands there is not settled yet.
    @inlinable package var isBeingFilled: Bool { state == .lent }

    /// What stands there is not changed any more by whom it is lent to, until it comes back.
    @inlinable package func settle() { if state == .lent { state = .settled } }

    /// Lends this place from now on.
    @inlinable package func place(at base: UnsafeMutableRawPointer) { self.base = base }

    /// Whether ``onReturn`` is called at the end of this lend, and of each to come.
    @inlinable package func awaitReturn(_ isAwaited: Bool) { self.isAwaited = isAwaited }
}

extension OutputRawSpan {
    /// Appends a copy of `bytes`, which must fit: the standard library has no bulk append.
    @inlinable public mutating func append(contentsOf bytes: RawSpan) {
        precondition(bytes.byteCount <= freeCapacity, "append: need \(bytes.byteCount), have \(freeCapacity)")
        unsafe self.withUnsafeMutableBytes { room, count in
            unsafe bytes.withUnsafeBytes { source in
                guard let from = source.baseAddress else { return }
                unsafe (room.baseAddress! + count).copyMemory(from: from, byteCount: source.count)
            }
            count += bytes.byteCount
        }
    }
}
