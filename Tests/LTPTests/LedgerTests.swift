import Foundation
import Testing
import Wiring

@testable import LTP

@Suite("The ledger of RFC 5326")
struct LedgerTests {
    static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    @Test("every test that the ledger names exists")
    func ledger() throws {
        let page = Self.tests.appending(path: "../../Sources/LTP/LTP.docc/Ledger.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let files = try FileManager.default.contentsOfDirectory(at: Self.tests, includingPropertiesForKeys: nil)
        let source = try files.filter { $0.pathExtension == "swift" }
            .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2)
        #expect(rows.count > 40)
        for row in rows {
            let last = row.split(separator: "|").last ?? ""
            let names = last.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }.map { $0.element }
            #expect(!names.isEmpty || last.contains("not done"), "\(row)")
            for name in names { #expect(source.contains("func \(name)("), "\(name): \(row)") }
        }
    }

    @Test("a checkpoint that ends no higher than the last primary report brings none, and one that cites a report does")
    func oddBounds() throws {
        let world = try World()
        let session = LTPSession(engine: 1, number: 3)
        func checkpoint(_ serial: UInt64, _ range: Range<UInt64>, type: UInt8 = 1, report: UInt64 = 0) {
            let data = pattern(range.count)
            let piece = LTPSegment.Piece(
                type: type, client: 1, offset: range.lowerBound, data: data, checkpoint: serial, report: report)
            world.inject(LTPSegment(session, .data(piece)), to: 2, from: 1)
            world.run(until: world.tyme + 0.1)
        }
        checkpoint(10, 0..<100)
        checkpoint(11, 50..<100)
        #expect(world.reports(2).map(\.checkpoint) == [10])
        checkpoint(12, 50..<90, report: world.reports(2)[0].serial)
        #expect(world.reports(2).map(\.checkpoint) == [10, 12])
        #expect(world.reports(2)[1].lower == 0 && world.reports(2)[1].upper == 90)
        // A report that was never made: from the start.
        checkpoint(13, 100..<200, report: 999)
        #expect(world.reports(2).last.map { [$0.lower, $0.upper] } == [0, 200])
        #expect(world.reports(2).allSatisfy { $0.lower < $0.upper })
    }

    @Test("a red part that becomes whole by a plain segment is reported unasked, on the whole of it")
    func unasked() throws {
        let world = try World()
        let session = LTPSession(engine: 1, number: 4)
        func red(_ type: UInt8, _ offset: UInt64, checkpoint: UInt64 = 0) {
            let piece = LTPSegment.Piece(
                type: type, client: 1, offset: offset, data: pattern(100), checkpoint: checkpoint)
            world.inject(LTPSegment(session, .data(piece)), to: 2, from: 1)
            world.run(until: world.tyme + 0.1)
        }
        red(3, 100, checkpoint: 31)
        red(0, 0)
        #expect(world.reports(2).map(\.checkpoint) == [31, 0])
        #expect(world.reports(2)[0].claims.count == 1 && world.reports(2)[0].lower == 0)
        #expect(world.reports(2)[1].claims == [.init(offset: 0, length: 200)] && world.reds(2).count == 1)
    }

    @Test("a session with as many reports as there may be is given up by its receiver, with RLEXC")
    func tooManyReports() throws {
        var limits = LTPLimits()
        limits.reports = 5
        let world = try World(2, limits: limits) { ($0.mtu, $0.checkpointEvery, $0.window) = (200, 1, 150) }
        try world.send(pattern(5000))
        world.run()
        #expect(world.ends(1) == ["canceled retransmission limit by peer"])
        #expect(world.cancels(2) == ["retransmission limit by us"] && world.isQuiet)
    }

    @Test("a block with as many rounds of retransmission as there may be is given up by its sender, with RXMTCYCEXC")
    func tooManyRounds() throws {
        let world = try World { ($0.mtu, $0.cycles) = (200, 3) }
        // Every round but for its last segment is lost.
        world.rule = { $0.segment.type == 0 ? .drop : .deliver }
        try world.send(pattern(5000))
        world.run()
        #expect(world.ends(1) == ["canceled cycle limit by us"] && world.cancels(2) == ["cycle limit by peer"])
        #expect(world.isQuiet)
    }
}
