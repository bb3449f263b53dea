import CBench
import DemoKit
import Doing
import Foundation
import Sockets
import Tracing
import Wiring

/// `bench record`: memos, and the trains of `bench datagrams --row udp-bursts`, recorded at one end or both and not.
///
/// Four beds of two peers each run in turn, round by round in one process: without a recorder anywhere, with one that
/// is switched off, with one that is on and whose chunks go nowhere, and with one whose chunks go to a file.
func benchRecord(_ arguments: [String]) throws {
    var words = Arguments(arguments)
    let sizes = try words.integer("--size", in: 1...60_000).map { [$0] } ?? [1240]
    let rounds = try words.integer("--rounds", in: 1...999) ?? 31
    let seconds = Double(try words.integer("--ms", in: 1...10_000) ?? 60) / 1000
    let path = try words.value("--file") ?? NSTemporaryDirectory() + "tymist-record-\(lbc_process())"
    try words.finish()
    _ = lbc_pin(0)
    defer { unlink(path) }
    print(try recordMemos(rounds: rounds))
    for ends in [1, 2] {
        for size in sizes {
            print(try RecordRow(size: size, ends: ends, path: path).line(rounds: rounds, seconds: seconds))
        }
    }
}

/// Plain memos of 1 KiB from end to end, both ends in one recording whose chunks go nowhere, beside the same without.
private func recordMemos(rounds: Int) throws -> JSONLine {
    let options = try LoopbackOptions(["--size", "1024", "--count", "30000"])
    func bed(_ recorder: Recorder?) throws -> MemoBed<Recorded<UDPPeer>> {
        let peers = try RecordRow.wires(options.gram)
        let wires = (Recorded(peers.0, recorder, name: "red"), Recorded(peers.1, recorder, name: "blu"))
        return try MemoBed(options, wires, (peers.0.address, peers.1.address)) { recorder?.watch($0) }
    }
    let recorder = Recorder(RecordingHeader(program: "bench", arguments: ["record"], seed: 1)) { _ in }
    let (absent, recorded) = (try bed(nil), try bed(recorder))
    var (without, with): ([Double], [Double]) = ([], [])
    for round in 0...rounds {
        let (first, second) = (try absent.run(), try recorded.run())
        guard round > 0 else { continue }
        without.append(Double(first.memos) / first.seconds)
        with.append(Double(second.memos) / second.seconds)
    }
    try absent.doist.exit()
    try recorded.doist.exit()
    try recorder.finish()
    var line = JSONLine()
    line.add("row", "record-memos")
    line.add("size", options.size)
    line.add("off_s", LoopbackRounds.spread(without))
    line.add("on_s", LoopbackRounds.spread(with))
    line.add("on_ratio", LoopbackRounds.median(zip(with, without).map { $0 / $1 }), digits: 3)
    line.add("recorded_bytes", recorder.bytesWritten)
    return line
}

/// The four beds for one size of datagrams.
private struct RecordRow {
    private let size: Int
    private let ends: Int
    private let segments: Int
    private let absent: DatagramBed<UDPPeer>
    private let (off, on, filed): (RecordedBed, RecordedBed, RecordedBed)
    private let file: RoundFile

    /// With one of the `ends` only the sender is recorded, as in a process with one peer.
    init(size: Int, ends: Int, path: String) throws {
        self.size = size
        self.ends = ends
        segments = min(64, 65_472 / size)
        file = try RoundFile(path)
        let wires = try Self.wires(size)
        absent = try DatagramBed(wires, (wires.0.address, wires.1.address), size: size)
        let file = file
        off = try RecordedBed(Self.wires(size), size, ends, nil)
        on = try RecordedBed(Self.wires(size), size, ends) { _ in }
        filed = try RecordedBed(Self.wires(size), size, ends) { try file.write($0) }
    }

    static func wires(_ size: Int) throws -> (UDPPeer, UDPPeer) {
        let options = UDPPeer.Options(maximumDatagramSize: size, usesBursts: true)
        let wires = try (UDPPeer(port: 0, options: options), UDPPeer(port: 0, options: options))
        try wires.0.open()
        try wires.1.open()
        return wires
    }

    /// Every bed in each round, so that all see the same machine.
    func line(rounds: Int, seconds: Double) throws -> JSONLine {
        var rates: [[Double]] = [[], [], [], []]
        for round in 0...rounds {
            let found = [
                try rate(seconds) { try absent.pass(8 * segments) },
                try rate(seconds) { try off.bed.pass(8 * segments) },
                try rate(seconds) { try on.bed.pass(8 * segments) },
                try rate(seconds) { try filed.bed.pass(8 * segments) },
            ]
            if round > 0 { for (index, rate) in found.enumerated() { rates[index].append(rate) } }
        }
        absent.close()
        let written = try off.finish() + on.finish() + filed.finish()
        var line = JSONLine()
        line.add("row", "record")
        line.add("size", size)
        line.add("ends", ends)
        for (name, values) in zip(["absent_s", "off_s", "on_s", "file_s"], rates) {
            line.add(name, LoopbackRounds.spread(values))
        }
        // Each round against its own neighbour: what the machine does to all of them falls out.
        for (name, index) in [("off_ratio", 1), ("on_ratio", 2), ("file_ratio", 3)] {
            line.add(name, LoopbackRounds.median(zip(rates[index], rates[0]).map { $0 / $1 }), digits: 3)
        }
        line.add("recorded_bytes", written)
        return line
    }

    /// Datagrams a second.
    private func rate(_ seconds: Double, _ work: () throws -> Int) rethrows -> Double {
        let start = lbc_now()
        var (units, took) = (0, 0.0)
        repeat {
            units += try work()
            took = lbc_now() - start
        } while took < seconds
        return Double(units) / took
    }
}

/// Two peers, both or only the sender recorded into one recording, or with the recorder left out.
private final class RecordedBed {
    let bed: DatagramBed<Recorded<UDPPeer>>
    private let recorder: Recorder?

    init(_ wires: (UDPPeer, UDPPeer), _ size: Int, _ ends: Int, _ sink: ((RawSpan) throws -> Void)?) throws {
        let recorder = sink.map {
            Recorder(RecordingHeader(program: "bench", arguments: ["record"], seed: 1), sink: $0)
        }
        self.recorder = recorder
        let recorded = (
            Recorded(wires.0, recorder, name: "sender"), Recorded(wires.1, ends == 2 ? recorder : nil, name: "receiver")
        )
        bed = try DatagramBed(recorded, (wires.0.address, wires.1.address), size: size) { recorder?.watch($0) }
    }

    /// Bytes that were recorded.
    func finish() throws -> Int {
        bed.close()
        try recorder?.finish()
        return recorder?.bytesWritten ?? 0
    }
}

/// A file that is written over from its start whenever it has 256 MiB, so that a bench fills no disk.
private final class RoundFile {
    private let descriptor: Int32
    private var at = 0

    init(_ path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw UsageError("--file \(path): cannot be written") }
    }

    deinit { close(descriptor) }

    func write(_ bytes: RawSpan) throws {
        if at + bytes.byteCount > 256 << 20 { at = 0 }
        let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress!, $0.count, off_t(at)) }
        guard count == bytes.byteCount else { throw UsageError("--file: \(String(cString: strerror(errno)))") }
        at += count
    }
}
