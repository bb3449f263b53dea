import Foundation
import Wiring

/// A file that a recording goes to: readable by its owner alone, made anew or emptied.
public final class RecordingFile {
    private let path: String
    private let descriptor: Int32

    /// - Throws: ``UsageError`` if it cannot be written.
    public init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw UsageError(Self.reason(path)) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func reason(_ path: String) -> String {
        "--record \(path): cannot be written: \(String(cString: strerror(errno)))"
    }

    /// Writes a part at once: a recorder's are long.
    ///
    /// - Throws: ``BadFile`` if they cannot be written.
    public func write(_ part: RawSpan) throws {
        try part.withUnsafeBytes { all in
            var rest = all[...]
            while !rest.isEmpty {
                let count = Foundation.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress!, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw BadFile(description: Self.reason(path)) }
                rest = rest.dropFirst(count)
            }
        }
    }
}
