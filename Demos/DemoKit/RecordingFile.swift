import Foundation
import Wiring

/// A file that a recording goes to: readable by its owner alone, made anew or emptied.
///
/// A fresh page of a file costs more than the bytes in it: what comes is gathered into writes of a mebibyte that begin
/// on pages, which are about half again as fast as a write for each part.
public final class RecordingFile {
    private static let room = 1 << 20

    private let path: String
    private let descriptor: Int32
    private let buffer = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 4096)
    private var count = 0

    /// - Throws: ``UsageError`` if it cannot be written.
    public init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw UsageError(Self.reason(path)) }
    }

    deinit {
        buffer.deallocate()
        if descriptor >= 0 { close(descriptor) }
    }

    private static func reason(_ path: String) -> String {
        "--record \(path): cannot be written: \(String(cString: strerror(errno)))"
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
    public func finish() throws { try flush() }

    private func flush() throws {
        var at = 0
        while at < count {
            let result = Foundation.write(descriptor, buffer + at, count - at)
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { throw BadFile(description: Self.reason(path)) }
            at += result
        }
        count = 0
    }
}
