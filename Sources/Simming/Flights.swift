import Charting
import Containers

/// A datagram that is on its way, or in the receive buffer of its owner.
@safe struct Flight {
    var bytes: UnsafeMutableRawPointer
    var count: Int32
    /// The next one of the same queue, or -1.
    var next: Int32
    /// What the network knows about where it goes.
    var way: Int32
    var fromPort: UInt16
    var toPort: UInt16
    var size: UInt8
    var marks: UInt8
    /// Its number in the network, from 1.
    var number: UInt64
}

/// All datagrams that a network, or one transport, holds: one arena for their bytes, one heap for when they are due.
struct Flights {
    /// What a datagram counts beside its bytes.
    static let overhead = 64

    var heap = FlightHeap()
    private var arena: Arena
    private var slots = RawList<Flight>()
    /// The first free slot, or -1; the others follow by `next`.
    private var firstFree: Int32 = -1
    /// How many came, copies as well: the order of what is due at once.
    private var order: UInt64 = 0
    /// Those that have not been given back.
    private(set) var count = 0

    init(limit: Int) { arena = Arena(limit: limit) }

    @inline(__always) subscript(slot: Int32) -> Handle<Flight> { slots[Int(slot)] }

    /// Copies a datagram in, or answers -1 if there is no room for it.
    @inline(__always) mutating func add(
        _ bytes: UnsafeRawBufferPointer, way: Int32, from: UInt16, to: UInt16, number: UInt64, marks: UInt8 = 0
    ) -> Int32 {
        let size = Arena.sizeClass(bytes.count)
        guard size < Arena.classes, let block = unsafe arena.take(size) else { return -1 }
        if let start = bytes.baseAddress { unsafe block.copyMemory(from: start, byteCount: bytes.count) }
        let flight = unsafe Flight(
            bytes: block, count: Int32(truncatingIfNeeded: bytes.count), next: -1, way: way, fromPort: from, toPort: to,
            size: UInt8(truncatingIfNeeded: size), marks: marks, number: number)
        count &+= 1
        guard firstFree >= 0 else {
            slots.append(flight)
            return Int32(slots.count - 1)
        }
        let slot = firstFree
        firstFree = self[slot].pointee.next
        self[slot].initialize(to: flight)
        return slot
    }

    /// Puts a datagram on its way.
    @inline(__always) mutating func launch(_ slot: Int32, due: Int64) {
        heap.insert(FlightHeap.Entry(due: due, order: order, slot: slot))
        order &+= 1
    }

    /// Lets go of a datagram.
    @inline(__always) mutating func remove(_ slot: Int32) {
        let flight = self[slot]
        unsafe arena.give(flight.pointee.bytes, Int(flight.pointee.size))
        flight.pointee.next = firstFree
        firstFree = slot
        count &-= 1
    }

    mutating func free() {
        heap.free()
        slots.free()
        arena.freeAll()
    }
}
