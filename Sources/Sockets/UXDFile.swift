import CSockets
import Wiring

/// A bound socket file: made safely, taken over from the dead only, and removed only while it is ours.
///
/// * The directory must be a real one (`lstat`, no link), belong to us or to root, and be writable by nobody else,
///   unless it is sticky, where nobody can remove another's file. Directories made here are 0700; hio makes them 0755,
///   which passes, since others can find the file there but not replace it.
/// * The file gets its mode from the moment it exists, 0600 unless asked otherwise: others may see but not use it.
/// * A file in the way is taken over only if it is a socket, ours, and nobody is bound to it; under a lock file, and by
///   renaming it away first, so that of two peers that find the same dead socket one gets it and the other an error.
/// * It is unlinked on close only if it is still the one that was made: hio's peers replace a file without asking.
struct UXDFile {
    let path: String
    private let status: FileStatus
    /// Directories of a temporary path, outermost first, which go when the file does.
    private let ownDirectories: [String]

    /// Binds `socket` at the first place of `place` that can be used.
    init(binding socket: Int32, at place: UXDPath, mode: UInt32) throws(TransportError) {
        if place.isTemporary {
            let fresh = try Self.freshDirectory()
            let path = UXDPath.join(fresh, place.path)
            let made = [fresh] + Self.parents(of: path).filter { $0.utf8.count > fresh.utf8.count }
            do throws(TransportError) {
                try self.init(binding: socket, exactly: path, mode: mode, below: nil, ownDirectories: made)
            } catch {
                Self.remove(made)
                throw error
            }
            return
        }
        if let fallback = place.fallback, !Self.canUse(place) {
            try self.init(binding: socket, exactly: fallback, mode: mode, below: nil, ownDirectories: [])
        } else {
            try self.init(binding: socket, exactly: place.path, mode: mode, below: place.head, ownDirectories: [])
        }
    }

    private init(
        binding socket: Int32, exactly path: String, mode: UInt32, below head: String?, ownDirectories: [String]
    ) throws(TransportError) {
        try UXDPath.check(path)
        try Self.makeParents(of: path, below: head)
        let directory = try Self.checkDirectory(of: path)
        try Self.bind(socket, path, mode)
        // Whoever could swap the directory between the check and the bind could have our socket elsewhere.
        guard let bound = FileStatus(path), bound.isSocket, bound.owner == csk_effective_user(),
            let after = FileStatus(Self.directory(of: path)), after.isSameFile(as: directory)
        else {
            throw .badValue(name: "path", value: path, allowed: "a directory that nobody changes meanwhile")
        }
        if bound.mode != mode { _ = unsafe csk_change_mode(path, mode) }  // the umask took bits that were asked for
        self.path = path
        status = bound
        self.ownDirectories = ownDirectories
    }

    /// It stands in a fresh directory of its own.
    var isTemporary: Bool { !ownDirectories.isEmpty }

    /// Removes the file if it is still ours, and the directories of a temporary path.
    ///
    /// Call it while the socket is still bound: a live socket is taken over by nobody, and its inode is nobody else's.
    func remove() {
        if let now = FileStatus(path), now.isSameFile(as: status) { _ = unsafe csk_unlink(path) }
        Self.remove(ownDirectories)
    }

    private static func remove(_ directories: [String]) {
        for directory in directories.reversed() { _ = unsafe csk_remove_directory(directory) }
    }

    // MARK: Directories

    private static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Every directory above `path`, outermost first, without the root.
    private static func parents(of path: String) -> [String] {
        path.utf8.indices.filter { path.utf8[$0] == UInt8(ascii: "/") && $0 != path.startIndex }
            .map { String(path[..<$0]) }
    }

    /// hio's test for its first choice: the directory can be made, and a file that stands there can be used.
    private static func canUse(_ place: UXDPath) -> Bool {
        if FileStatus(place.path) != nil { return unsafe csk_may_use(place.path) >= 0 }
        do throws(TransportError) {
            try makeParents(of: place.path, below: place.head)
            return true
        } catch {
            return false
        }
    }

    /// Makes what is missing: 0700, but 0755 for the directories of the system that hio's stand in.
    private static func makeParents(of path: String, below head: String?) throws(TransportError) {
        for directory in parents(of: path) where FileStatus(directory) == nil {
            let isSystems = head.map { directory.utf8.count <= $0.utf8.count } ?? false
            let result = unsafe csk_make_directory(directory, isSystems ? 0o755 : 0o700)
            if result < 0, result != -EEXIST { throw .failed("mkdir", result, directory) }
        }
    }

    private static func checkDirectory(of path: String) throws(TransportError) -> FileStatus {
        let directory = directory(of: path)
        let status: FileStatus
        switch FileStatus.of(directory) {
        case .success(let found): status = found
        case .failure(let error): throw .failed("lstat", -error.code, directory)
        }
        let isOurs = status.owner == csk_effective_user() || status.owner == 0
        let isClosed = status.mode & 0o022 == 0 || status.mode & 0o1000 != 0
        guard status.isDirectory, isOurs, isClosed else {
            let kind = status.isLink ? "a link" : status.isDirectory ? "a directory" : "no directory"
            throw .badValue(
                name: "directory",
                value: "\(directory) (\(kind), owner \(status.owner), mode \(String(status.mode, radix: 8)))",
                allowed: "a directory of our own or of root that nobody else can write to")
        }
        return status
    }

    private static func freshDirectory() throws(TransportError) -> String {
        var template = Array("\(temporaryHead())/hio_uxd_XXXXXX_test".utf8CString)
        let result = unsafe template.withUnsafeMutableBufferPointer {
            unsafe csk_fresh_directory($0.baseAddress!, Int32("_test".utf8.count))
        }
        let text = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard result >= 0 else { throw .failed("mkdtemp", result, text) }
        return text
    }

    private static func temporaryHead() -> String {
        var room = [CChar](repeating: 0, count: 4096)
        let count = unsafe room.withUnsafeMutableBufferPointer {
            unsafe csk_temporary_head($0.baseAddress!, $0.count)
        }
        return String(decoding: room[..<Int(max(0, count))].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: Binding

    private static func bind(_ socket: Int32, _ path: String, _ mode: UInt32) throws(TransportError) {
        let result = unsafe csk_unix_bind_mode(socket, path, path.utf8.count, mode)
        if result >= 0 { return }
        guard result == -EADDRINUSE, isDead(path) else { throw .failed("bind", result, path) }
        try takeOver(socket, path, mode)
    }

    /// A socket of ours to which nobody is bound. Connecting asks without sending.
    private static func isDead(_ path: String) -> Bool {
        guard let status = FileStatus(path), status.isSocket, status.owner == csk_effective_user() else { return false }
        return unsafe csk_unix_probe(path, path.utf8.count) == -ECONNREFUSED
    }

    private static func takeOver(_ socket: Int32, _ path: String, _ mode: UInt32) throws(TransportError) {
        let lock = path + ".lock"
        let held = unsafe csk_lock(lock)
        guard held >= 0 else { throw .failed("bind", held == -EWOULDBLOCK ? -EADDRINUSE : held, path) }
        defer { unsafe csk_unlock(held, lock) }
        // Under the lock once more: another may have taken it over while we looked.
        guard let dead = FileStatus(path), isDead(path) else { throw .failed("bind", -EADDRINUSE, path) }
        let aside = path + ".dead"
        let moved = unsafe csk_rename(path, aside)
        guard moved >= 0 else { throw .failed("rename", moved, path) }
        guard let now = FileStatus(aside), now.isSameFile(as: dead) else {
            _ = unsafe csk_put_back(aside, path)  // somebody without our lock put a new one there: it is theirs
            throw .failed("bind", -EADDRINUSE, path)
        }
        let result = unsafe csk_unix_bind_mode(socket, path, path.utf8.count, mode)
        _ = unsafe csk_unlink(aside)
        guard result >= 0 else { throw .failed("bind", result, path) }
    }
}
