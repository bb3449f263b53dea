import CSockets
import Synchronization
import Wiring

/// The paths of all Unix-datagram peers of this process, so that an address made by one peer is good at every other.
enum UXDNames {
    private static let table = Mutex(PathTable())

    /// The address of a path that a datagram came from; nil if the table is full of pinned paths.
    static func address(of path: UnsafeRawBufferPointer) -> Address? {
        table.withLock { unsafe $0.number(of: path) }.map { .unix($0) }
    }

    /// The address of a path that stays known; nil if too many are pinned.
    static func pin(_ path: String) -> Address? {
        var path = path
        return path.withUTF8 { text in
            table.withLock { unsafe $0.pin(UnsafeRawBufferPointer(text)) }.map { .unix($0) }
        }
    }

    /// Takes a pin back.
    static func unpin(_ address: Address) {
        if address.family == .unix { table.withLock { $0.unpin(address.lo) } }
    }

    /// Copies the path of an address to `out`, which has room for one; 0 if there is none.
    static func copyPath(_ address: Address, to out: UnsafeMutableRawBufferPointer) -> Int {
        guard address.family == .unix else { return 0 }
        let count = table.withLock { table in
            unsafe table.withPath(address.lo) { path in
                unsafe out.copyMemory(from: path)
                return path.count
            }
        }
        return count ?? 0
    }

    /// The path of an address, if it is known.
    static func path(of address: Address) -> String? {
        guard address.family == .unix else { return nil }
        return table.withLock { table in
            unsafe table.withPath(address.lo) { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }
}

/// One path and its address, kept beside a socket so that a run of datagrams to or from one peer looks it up once.
///
/// A path that the table has forgotten meanwhile stays right here: numbers never come back.
@safe final class UXDNameCache {
    private(set) var address = Address.none
    private(set) var length = 0
    private let room: UnsafeMutableRawBufferPointer

    init() { unsafe room = .allocate(byteCount: Int(CSK_PATH_ROOM), alignment: 1) }
    deinit { unsafe room.deallocate() }

    /// The path's bytes.
    var path: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: room[..<length]) }

    /// Makes ``path`` that of `wanted`; false if it is unknown.
    func find(_ wanted: Address) -> Bool {
        if wanted == address { return length > 0 }
        length = unsafe UXDNames.copyPath(wanted, to: room)
        address = length > 0 ? wanted : .none
        return length > 0
    }

    /// The address of `path`; nil if there is no room for it.
    func address(of path: UnsafeRawBufferPointer) -> Address? {
        if unsafe path.count == length && path.elementsEqual(self.path) { return address }
        guard let found = unsafe UXDNames.address(of: path) else { return nil }
        unsafe room.copyMemory(from: path)
        length = path.count
        address = found
        return found
    }
}
