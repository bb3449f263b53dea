import Foundation

/// What CPython takes for the same: a generator that is suspended and resumed. A process of its own, if there is one.
enum Generators {
    private static let script = """
        import platform, time
        def ticks(count):
            for _ in range(count): yield
        def run(count):
            start = time.perf_counter_ns()
            for _ in ticks(count): pass
            return (time.perf_counter_ns() - start) / count
        run(100000)
        print(platform.python_version(), sorted(run(400000) for _ in range(5))[2])
        """

    /// Nanoseconds of one suspend and one resume, the median of five runs, and the version; nil without a `python3`.
    static func sample() -> (nanoseconds: Double, version: String)? {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let words = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            .split(whereSeparator: \.isWhitespace)
        process.waitUntilExit()
        guard words.count == 2, let nanoseconds = Double(words[1]) else { return nil }
        return (nanoseconds, String(words[0]))
    }
}
