/// A record in memory of its own, reached without reference counting and without a check of exclusive access.
///
/// The schedulers and the simulator keep their records so: in a pass either would cost several times the work itself.
/// Whoever allocates one frees it, once, and after that nobody may use the handle. That is what the compiler cannot
/// see, and why this type exists: here it is promised, in one place, and the rest is checked.
@frozen @safe
public struct Handle<Record>: Hashable {
    @usableFromInline let base: UnsafeMutablePointer<Record>

    /// A record that stands in other memory, and stays there.
    @unsafe @inlinable @inline(__always) public init(_ base: UnsafeMutablePointer<Record>) { unsafe self.base = base }

    /// Memory for one record, not initialised yet.
    @inlinable public static func allocate() -> Handle { unsafe Handle(.allocate(capacity: 1)) }

    /// The record.
    @inlinable public var pointee: Record {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(base) }
        @inline(__always) nonmutating unsafeMutableAddress { unsafe base }
    }

    /// Gives the memory its first record.
    @inlinable public func initialize(to record: consuming Record) { unsafe base.initialize(to: record) }

    /// Ends the record and frees its memory.
    @inlinable public func free() {
        unsafe base.deinitialize(count: 1)
        unsafe base.deallocate()
    }

    /// Its address, for those who keep one of its fields.
    @unsafe @inlinable public var address: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(base) }

    /// Whether both are the same record.
    @inlinable @inline(__always) public static func == (a: Handle, b: Handle) -> Bool { unsafe a.base == b.base }

    @inlinable public func hash(into hasher: inout Hasher) { unsafe hasher.combine(base) }
}
