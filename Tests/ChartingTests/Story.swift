import Doing
import Foundation
import Memoing
import Testing
import Wiring

@testable import Charting

/// A small story in a trace: red sends a memo of three grams, of which one is lost, one comes twice and one altered.
struct Story {
    let trace: Trace
    let red = Address.host(1, port: 1)
    let blu = Address.host(2, port: 1)
    let grams: [[UInt8]]

    init(limit: Int = 1 << 20) throws {
        trace = Trace(limit: limit)
        let memo = [UInt8](repeating: 0x78, count: 40)
        grams = try rend(memo, mid: Mid(high: 0, low: 1), size: 48)
        let (one, two) = (trace.lane("red"), trace.lane("blu"))
        trace.name(.host(1), "red")
        trace.name(.host(2), "blu")
        trace.note("the memo is queued", at: 0, lane: one)
        send(0, one, fate: .arrives, due: 0.25, flight: 1)
        send(1, one, fate: .lost, flight: 2)
        send(2, one, fate: .arrives, marks: .corrupted, due: 0.25, flight: 3)
        send(0, one, fate: .arrives, marks: .duplicate, due: 0.5, flight: 1)
        receive(0, two, at: 0.25, flight: 1)
        var altered = grams[2]
        altered[35] ^= 1
        record(.received, two, altered, at: 0.25, marks: .corrupted, flight: 3)
        receive(0, two, at: 0.5, flight: 1, marks: .duplicate)
    }

    private func send(
        _ number: Int, _ lane: Trace.Lane, fate: TraceEvent.Fate, marks: TraceEvent.Marks = [], due: Tyme = 0,
        flight: UInt64
    ) {
        let event = TraceEvent(
            .sent, at: 0, lane: lane, local: red, peer: blu, fate: fate, marks: marks, due: due, flight: flight)
        let bytes = grams[number]
        trace.record(event, bytes.span.bytes)
    }

    private func receive(
        _ number: Int, _ lane: Trace.Lane, at tyme: Tyme, flight: UInt64, marks: TraceEvent.Marks = []
    ) {
        record(.received, lane, grams[number], at: tyme, marks: marks, flight: flight)
    }

    private func record(
        _ kind: TraceEvent.Kind, _ lane: Trace.Lane, _ bytes: [UInt8], at tyme: Tyme, marks: TraceEvent.Marks,
        flight: UInt64
    ) {
        let event = TraceEvent(kind, at: tyme, lane: lane, local: blu, peer: red, marks: marks, flight: flight)
        trace.record(event, bytes.span.bytes)
    }

    static func describe(_ bytes: RawSpan) -> String? {
        guard let view: GramView = try? pick(bytes) else { return nil }
        return "plain \(view.number)"
    }
}

/// A program of the system, if it is there; needed where `TYMIST_REQUIRE_TOOLS` is 1.
enum Tool {
    static func path(_ name: String) -> String? {
        ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
    static var isRequired: Bool { ProcessInfo.processInfo.environment["TYMIST_REQUIRE_TOOLS"] == "1" }

    /// Whether the test runs: without the program it does only where that is a failure.
    static func runs(_ name: String) -> Bool { path(name) != nil || isRequired }

    static func run(_ name: String, _ words: [String]) throws -> (status: Int32, output: String) {
        let path = try #require(Self.path(name), "\(name) is not installed, and TYMIST_REQUIRE_TOOLS is 1")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = words
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    static func temporary(_ bytes: [UInt8], _ name: String) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tymist-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: name)
        try Data(bytes).write(to: file)
        return file
    }
}
