import CSockets
import Wiring

/// Where a Unix-datagram peer stands: a path of your own, or one derived as hio does, so that hio peers are found.
///
/// hio's rule: `HEAD/hio/uxd/BASE/NAME.uxd` with the head `/usr/local/var`; where that cannot be made or used, the
/// same under the home directory, `~/.hio/uxd/BASE/NAME.uxd`, here the ``fallback``. A name that has an extension
/// keeps it. A temporary path stands in a fresh directory that goes when the peer closes.
///
/// - Source: hio `base/filing.py`, `Filer.remake`, and `core/uxd/uxding.py`, `Peer`.
public struct UXDPath: Hashable, Sendable, CustomStringConvertible {
    /// The first choice; of a temporary path only the part after the fresh directory.
    public let path: String
    /// The choice where the first cannot be made or used.
    public let fallback: String?
    /// The file goes to a fresh directory that is removed on close.
    public let isTemporary: Bool
    /// What follows the directories that belong to the system: their missing parts are made for everybody to pass.
    let head: String?
    /// Name and base, for making a temporary path of a derived one; nil if the path is the user's own.
    private let tail: String?

    /// The most bytes of a path that can be bound: 107 on Linux, 103 on Apple systems, the final NUL not counted.
    public static var maximumLength: Int { Int(csk_path_limit()) }

    /// A path of your own, taken as it is. A relative one depends on the working directory, also for those who answer.
    ///
    /// - Throws: `TransportError` for no bytes, a NUL, or more bytes than
    ///   ``maximumLength``. Bytes count, not characters.
    public init(_ path: String) throws(TransportError) {
        try Self.check(path)
        self.path = path
        fallback = nil
        isTemporary = false
        head = nil
        tail = nil
    }

    /// hio's path for a name: `HEAD/hio/uxd/BASE/NAME.uxd`.
    ///
    /// - Parameters:
    ///   - name: relative, without `..`; may have directories in it.
    ///   - base: directories between hio's and the name.
    ///   - head: instead of `/usr/local/var`; `~` is the home directory.
    /// - Throws: `TransportError` for a name or base that is absolute or climbs, and
    ///   for a path that is too long.
    public init(name: String = "main", base: String = "", head: String? = nil) throws(TransportError) {
        try Self.checkRelative("name", name, mayBeEmpty: false)
        try Self.checkRelative("base", base, mayBeEmpty: true)
        let tail = Self.join(base, Self.extended(name))
        let chosen = try Self.absolute(head ?? "/usr/local/var")
        path = Self.join(chosen, "hio/uxd", tail)
        try Self.check(path)
        fallback = (try? Self.absolute("~")).map { Self.join($0, ".hio/uxd", tail) }
        isTemporary = false
        self.head = chosen
        self.tail = tail
    }

    private init(temporary tail: String) {
        path = Self.join("hio/uxd", tail)
        fallback = nil
        isTemporary = true
        head = nil
        self.tail = tail
    }

    /// A path in a fresh directory `hio_uxd_…_test` under the directory for temporary files.
    ///
    /// - Throws: as ``init(name:base:head:)``.
    public static func temporary(name: String = "main", base: String = "") throws(TransportError) -> UXDPath {
        try checkRelative("name", name, mayBeEmpty: false)
        try checkRelative("base", base, mayBeEmpty: true)
        return UXDPath(temporary: join(base, extended(name)))
    }

    /// The same name and base in a fresh directory; a path of the user's own stays what it is.
    var asTemporary: UXDPath { tail.map { UXDPath(temporary: $0) } ?? self }

    /// Where the socket file of this name stands now: the first of ``path`` and ``fallback`` that exists, else nil.
    ///
    /// - Source: hio `base/filing.py`, `Filer.exists`.
    public var existing: String? {
        [path, fallback].compactMap { $0 }.first { !isTemporary && FileStatus($0) != nil }
    }

    public var description: String { isTemporary ? "temporary \(path)" : path }

    // MARK: The rules of os.path

    static func check(_ path: String) throws(TransportError) {
        let count = path.utf8.count
        guard count > 0, !path.utf8.contains(0) else {
            throw .badValue(name: "path", value: "\"\(path)\"", allowed: "at least one byte, and no NUL")
        }
        guard count <= maximumLength else {
            throw .badValue(
                name: "path", value: "\"\(path)\" of \(count) bytes", allowed: "at most \(maximumLength) bytes")
        }
    }

    private static func checkRelative(
        _ what: String, _ text: String, mayBeEmpty: Bool
    ) throws(TransportError) {
        let parts = text.split(separator: "/")
        let isFine = !text.hasPrefix("/") && !parts.contains("..") && !text.utf8.contains(0)
        guard isFine, mayBeEmpty || parts.contains(where: { $0 != "." }), mayBeEmpty || !text.hasSuffix("/") else {
            throw .badValue(name: what, value: "\"\(text)\"", allowed: "a relative path without \"..\"")
        }
    }

    /// `.uxd` at the end unless the last component has an extension: a dot after something that is no dot.
    private static func extended(_ name: String) -> String {
        let last = name.split(separator: "/").last ?? ""
        let stem = last.drop { $0 == "." }
        return stem.contains(".") ? name : name + ".uxd"
    }

    /// Joins and drops empty and `.` components.
    static func join(_ parts: String...) -> String {
        let isAbsolute = parts.first { !$0.isEmpty }?.hasPrefix("/") ?? false
        let kept = parts.flatMap { $0.split(separator: "/") }.filter { $0 != "." }
        return (isAbsolute ? "/" : "") + kept.joined(separator: "/")
    }

    /// With `~` expanded, `..` resolved by its letters, and the working directory in front of a relative path.
    private static func absolute(_ path: String) throws(TransportError) -> String {
        var path = path
        if path == "~" || path.hasPrefix("~/") {
            path = try unsafe ask("home directory", csk_home) + "/" + path.dropFirst(2)
        } else if !path.hasPrefix("/") {
            path = try unsafe ask("working directory", csk_working_directory) + "/" + path
        }
        var kept: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = kept.popLast() } else { kept.append(part) }
        }
        return "/" + kept.joined(separator: "/")
    }

    private static func ask(
        _ what: String, _ call: (UnsafeMutablePointer<CChar>, Int) -> Int32
    ) throws(TransportError) -> String {
        var room = [CChar](repeating: 0, count: 4096)
        let count = unsafe room.withUnsafeMutableBufferPointer { unsafe call($0.baseAddress!, $0.count) }
        guard count >= 0 else { throw .failed(what, count, what) }
        return String(decoding: room[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
