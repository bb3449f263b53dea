/// Bytes on their way out, in one piece: constant work a byte, however they are added and taken.
struct Outlet {
    private var bytes: [UInt8] = []
    private var first = 0

    var count: Int { bytes.count - first }
    var isEmpty: Bool { first == bytes.count }

    mutating func append(_ more: [UInt8]) { append { $0.append(contentsOf: more) } }

    /// Lets `write` append.
    mutating func append(_ write: (inout [UInt8]) -> Void) {
        if first > bytes.count / 2, first > 4096 { compact() }
        write(&bytes)
    }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    func lend<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try unsafe body(bytes.span.bytes.extracting(first...))
    }

    mutating func sent(_ count: Int) {
        first += count
        guard isEmpty else { return }
        first = 0
        // A connection that is idle again does not keep the room of its longest message.
        bytes.removeAll(keepingCapacity: bytes.count <= 65_536)
    }

    mutating func clear() {
        bytes = []
        first = 0
    }

    private mutating func compact() {
        bytes.removeFirst(first)
        first = 0
    }
}
