import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

/// The fallback of trains on a real way that carries none: loopback with an MTU of 1,500 in a network of its own.
///
/// The outer test runs this very test program once more inside `unshare`, where the inner one finds the small MTU.
@Suite("a way with a small MTU", .timeLimit(.minutes(5))) struct SmallMTUTests {
    private static let isInside = ProcessInfo.processInfo.environment["TYMIST_SMALL_MTU"] == "1"
    private static let isRequired = ProcessInfo.processInfo.environment["TYMIST_REQUIRE_TOOLS"] == "1"

    /// Runs a shell script in a network of its own; its status and what it printed.
    private static func inside(_ script: String) -> (status: Int32, text: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["unshare", "--map-root-user", "--net", "sh", "-c", script]
        process.standardOutput = output
        process.standardError = output
        do { try process.run() } catch { return (-1, "\(error)") }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    private static let up = "ip link set dev lo mtu 1500 up"

    @Test("datagrams of more than 1,472 bytes go one by one there, and smaller ones as trains")
    func outer() throws {
        guard !Self.isInside else { return }
        let can = Self.inside(Self.up)
        guard can.status == 0 else {
            // No unshare, no ip, or no right to a network of one's own.
            #expect(!Self.isRequired, "this test needs unshare and ip: \(can.text)")
            print("did not run: the test with a small MTU needs unshare and ip")
            return
        }
        let program = CommandLine.arguments[0]
        let result = Self.inside(
            "\(Self.up) && TYMIST_SMALL_MTU=1 exec '\(program)' --testing-library swift-testing --filter SmallMTUTests")
        #expect(result.status == 0, "\(result.text)")
        #expect(result.text.contains("the kernel's own EMSGSIZE passed"), "\(result.text)")
    }

    @Test("the kernel's own EMSGSIZE", .enabled(if: isInside))
    func inner() throws {
        var red = try UDPPeer(anyPort, options: .init(maximumDatagramSize: 9000))
        var blu = try UDPPeer(anyPort)
        try red.open()
        try blu.open()
        func count() throws -> Int {
            var count = 0
            while let some = try (count == 0 ? blu.next() : blu.now()) { count += some.bytes.count }
            return count
        }
        #expect(try red.send(pattern(3 * 1473), to: blu.address, segment: 1473) == Sending(taken: 3 * 1473))
        #expect(red.statistics.sent.trains == 3)
        #expect(try count() == 3 * 1473)
        #expect(try red.send(pattern(3 * 1472), to: blu.address, segment: 1472) == Sending(taken: 3 * 1472))
        #expect(red.statistics.sent.trains == 4)
        #expect(try count() == 3 * 1472)
        #expect(try red.send(pattern(2 * 4000), to: blu.address, segment: 4000) == Sending(taken: 8000))
        #expect(red.statistics.sent.trains == 6)
        #expect(try count() == 8000)
        print("the kernel's own EMSGSIZE passed")
    }
}
