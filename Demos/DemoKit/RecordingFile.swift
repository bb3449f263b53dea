import Foundation
import Wiring

/// A file that a recording goes to: readable by its owner alone, made anew or emptied.
///
/// A fresh page of a file costs more than the bytes in it. So what comes is gathered into writes of a mebibyte that
/// begin on pages, and the file gets its blocks before they are written, 64 MiB at a time: together three to ten times
/// as fast as a write for each part. What was asked for too much is given back at the end.
public final class RecordingFile {
    private static let room = 1 << 20
    private static let step = 64 << 20

    private let path: String
    private let descriptor: Int32
    private let buffer = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 4096)
    private var count = 0
    private var written = 0
    private var allocated = 0

    /// - Throws: ``UsageError`` if it cannot be written.
    public init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.error(path) }
    }

    deinit {
        buffer.deallocate()
        if descriptor >= 0 { close(descriptor) }
    }

    private static func error(_ path: String) -> UsageError {
        UsageError("--record \(path): cannot be written: \(String(cString: strerror(errno)))")
    }

    /// Takes bytes; they are in the file after ``finish()``.
    public func write(_ bytes: RawSpan) throws {
        try bytes.withUnsafeBytes { all in
            var rest = all[...]
            while !rest.isEmpty {
                let part = rest.prefix(Self.room - count)
                (buffer + count).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: part).baseAddress!, byteCount: part.count)
                count += part.count
                rest = rest.dropFirst(part.count)
                if count == Self.room { try flush() }
            }
        }
    }

    /// Writes what is left.
    public func finish() throws {
        try flush()
        if allocated > written, ftruncate(descriptor, off_t(written)) != 0 { throw Self.error(path) }
    }

    private func flush() throws {
        reserve()
        var at = 0
        while at < count {
            let result = Foundation.write(descriptor, buffer + at, count - at)
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { throw Self.error(path) }
            at += result
        }
        written += count
        count = 0
    }

    #if os(Linux)
        private typealias Allocate = @convention(c) (Int32, Int32, Int64, Int64) -> Int32
        /// fallocate(2), which Glibc does not show without _GNU_SOURCE.
        private static let allocate = dlsym(nil, "fallocate64").map { unsafeBitCast($0, to: Allocate.self) }
    #endif

    /// Blocks for what comes next, where the file system can: the length of the file stays what it is.
    private func reserve() {
        #if os(Linux)
            guard count == Self.room, written + count > allocated, let allocate = Self.allocate else { return }
            let keepsLength: Int32 = 1
            guard allocate(descriptor, keepsLength, Int64(written), Int64(Self.step)) == 0 else { return }
            allocated = written + Self.step
        #endif
    }
}
