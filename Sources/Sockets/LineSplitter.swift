/// Cuts a stream of bytes into lines of bounded length, in time linear in its bytes.
struct LineSplitter {
    /// Bytes of the longest line that is handed on, its line feed not counted.
    let limit: Int
    private var line: [UInt8] = []
    /// Bytes of the line under way that came after the limit was passed, and the limit.
    private var lost = 0

    init(limit: Int) { self.limit = limit }

    /// Takes bytes in and tells of every line that they end.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ tell: (ConsoleEvent) -> Void) {
        var rest = unsafe bytes[...]
        while let feed = unsafe rest.firstIndex(of: UInt8(ascii: "\n")) {
            unsafe add(rest[..<feed])
            tell(finish())
            unsafe rest = unsafe rest[(feed + 1)...]
        }
        unsafe add(rest)
    }

    /// The line that the end of input leaves unfinished, if any.
    mutating func end() -> ConsoleEvent? { line.isEmpty && lost == 0 ? nil : finish() }

    private mutating func add(_ part: Slice<UnsafeRawBufferPointer>) {
        if lost == 0, unsafe line.count + part.count <= limit {
            unsafe line.append(contentsOf: part)
        } else {
            unsafe lost &+= line.count &+ part.count
            line.removeAll(keepingCapacity: true)
        }
    }

    private mutating func finish() -> ConsoleEvent {
        defer {
            line.removeAll(keepingCapacity: true)
            lost = 0
        }
        if lost > 0 { return .tooLong(bytes: lost) }
        guard let text = String(validating: line, as: UTF8.self) else { return .notText(line) }
        return .line(text)
    }
}
