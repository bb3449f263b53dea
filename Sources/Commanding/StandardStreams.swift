@unsafe @preconcurrency import Foundation  // for stdout, a variable of the C library that nobody changes

/// Opens whichever of the standard descriptors a caller has closed, as /dev/null.
///
/// Otherwise the next sockets would be descriptors 0, 1 and 2: what is printed would go out through them, and what
/// comes in be taken for what somebody typed.
package func holdStandardStreams() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 { _ = unsafe open("/dev/null", O_RDWR) }
}

/// Whether all that was printed has gone out; false, for instance, where the disk is full.
private func hasPrintedAll() -> Bool { unsafe fflush(stdout) == 0 && ferror(stdout) == 0 }

/// Ends the process with status 1, and says why, where something that was printed has not gone out.
///
/// - Parameter name: of the program.
package func checkPrinted(_ name: String) {
    guard !hasPrintedAll() else { return }
    complain("\(name): what it printed could not be written")
    exit(1)
}

/// Prints `text` to standard error, as far as that takes it.
package func complain(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while unsafe !rest.isEmpty {
            let count = unsafe write(STDERR_FILENO, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            unsafe rest = unsafe UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}

/// `text` as a terminal may have it: control characters, which could move its cursor and worse, as `·`.
package func printable(_ text: String) -> String {
    var safe = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { safe.append(scalar.properties.generalCategory == .control ? "·" : scalar) }
    return String(safe)
}
