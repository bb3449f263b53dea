import CBench
import DemoKit
import Doing
import Foundation
import Sockets
import Taping
import Wiring

/// `bench record`: memos, bytes of streams, and the trains of `bench datagrams --row udp-bursts`, recorded at one end
/// or both and not.
///
/// Beds of two peers each run in turn, in short rounds in one process: without a recorder anywhere, with one that is
/// switched off, with one that writes into memory and begins again when that is full, with one that keeps sums of what
/// is sent; and then, since writing disturbs its neighbours, with one that goes to a file. Beside the trains stands
/// what plain C loses when it copies the same trains into as much memory, and writes them to such a file.
func benchRecord(_ arguments: [String]) throws {
    var words = Arguments(arguments)
    let sizes = try words.integer("--size", in: 1...60_000).map { [$0] } ?? [1240]
    let rounds = try words.integer("--rounds", in: 1...9999) ?? 151
    let seconds = Double(try words.integer("--ms", in: 1...10_000) ?? 8) / 1000
    let kept = (try words.integer("--keep", in: 1...4096) ?? 1) << 20
    let path = try words.value("--file") ?? NSTemporaryDirectory() + "tymist-record-\(lbc_process())"
    let only = try words.value("--row")
    try words.finish()
    _ = lbc_pin(0)
    defer { unlink(path) }
    if only ?? "memos" == "memos" { print(try recordMemos(rounds: rounds, kept)) }
    if only ?? "streams" == "streams" {
        for line in try recordStreams(rounds: rounds, seconds: seconds, kept) { print(line) }
    }
    guard only ?? "bursts" == "bursts" else { return }
    for ends in [1, 2] {
        for size in sizes {
            let row = try RecordRow(size: size, ends: ends, kept: kept, path: path)
            print(try row.line(rounds: rounds, seconds: seconds))
        }
    }
}

/// Plain memos of 1 KiB from end to end, both ends in one recording in memory, beside the same without.
private func recordMemos(rounds: Int, _ kept: Int) throws -> JSONLine {
    let options = try LoopbackOptions(["--size", "1024", "--count", "20000"])
    func bed(_ recorder: Recorder?) throws -> MemoBed<Recorded<UDPPeer>> {
        let peers = try RecordRow.wires(options.gram)
        let wires = (Recorded(peers.0, recorder, name: "red"), Recorded(peers.1, recorder, name: "blu"))
        return try MemoBed(options, wires, (peers.0.address, peers.1.address)) { recorder?.watch($0) }
    }
    let (bytes, sums) = (RecordRow.recorder(kept), RecordRow.recorder(kept, .sums))
    let beds = [try bed(nil), try bed(bytes), try bed(sums)]
    var rates: [[Double]] = [[], [], []]
    for round in 0...rounds {
        for (index, bed) in beds.enumerated() {
            let result = try bed.run()
            if round > 0 { rates[index].append(Double(result.memos) / result.seconds) }
        }
    }
    for bed in beds { try bed.doist.exit() }
    try bytes.finish()
    try sums.finish()
    var line = JSONLine()
    line.add("row", "record-memos")
    line.add("size", options.size)
    line.add("kept_bytes", kept)
    RecordRow.add(["off", "on", "sums"], rates, to: &line)
    line.add("recorded_bytes", bytes.bytesWritten)
    line.add("recorded_bytes_sums", sums.bytesWritten)
    return line
}

/// The beds for one size of datagrams.
struct RecordRow {
    private let size: Int
    private let ends: Int
    private let kept: Int
    private let segments: Int
    private let absent: DatagramBed<UDPPeer>
    private let (off, on, sums, filed): (RecordedBed, RecordedBed, RecordedBed, RecordedBed)
    /// In plain C: trains that are not kept, that are copied into memory, and that are written to a file.
    private let (plain, copied, written): (OpaquePointer, OpaquePointer, OpaquePointer)

    /// With one of the `ends` only the sender is recorded, as in a process with one peer.
    init(size: Int, ends: Int, kept: Int, path: String) throws {
        (self.size, self.ends, self.kept) = (size, ends, kept)
        segments = min(64, 65_472 / size)
        let file = RoundFile(path)
        let wires = try Self.wires(size)
        absent = try DatagramBed(wires, (wires.0.address, wires.1.address), size: size)
        off = try RecordedBed(Self.wires(size), size, ends, nil)
        on = try RecordedBed(Self.wires(size), size, ends, Self.recorder(kept))
        sums = try RecordedBed(Self.wires(size), size, ends, Self.recorder(kept, .sums))
        filed = try RecordedBed(Self.wires(size), size, ends, Self.recorder(1 << 20) { try file.write($0) })
        plain = lbc_keeper_open(Int32(size), 0, nil, Int32(ends))
        copied = lbc_keeper_open(Int32(size), kept, nil, Int32(ends))
        written = lbc_keeper_open(Int32(size), 1 << 20, path + ".c", Int32(ends))
    }

    /// One that begins again in the same memory whenever it has `kept` bytes, or hands them to a file.
    static func recorder(
        _ kept: Int, _ outputs: Recorder.Outputs = .bytes, _ sink: @escaping (RawSpan) throws -> Void = { _ in }
    ) -> Recorder {
        Recorder(
            RecordingHeader(program: "bench", arguments: ["record"], seed: 1), outputs: outputs, partLength: kept,
            sink: sink)
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
        let count = 8 * segments
        func pass(_ keeper: OpaquePointer) -> () throws -> Int {
            {
                let count = lbc_keeper_pass(keeper, 8, Int32(segments))
                guard count >= 0 else { throw UsageError("--file: C cannot write beside it") }
                return count
            }
        }
        for bed in [on, sums] { try bed.fill(kept, count) }
        let ours = [
            { try absent.pass(count) }, { try off.bed.pass(count) }, { try on.bed.pass(count) },
            { try sums.bed.pass(count) },
        ]
        let rates = try Self.rates(ours + [pass(plain), pass(copied)], rounds, seconds)
        let filedRates = try Self.rates(
            [{ try absent.pass(count) }, { try filed.bed.pass(count) }, pass(plain), pass(written)], min(rounds, 31),
            seconds)
        absent.close()
        for keeper in [plain, copied, written] { lbc_keeper_close(keeper) }
        let recorded = try [off, on, sums, filed].map { try $0.finish() }
        var line = JSONLine()
        line.add("row", "record")
        line.add("size", size)
        line.add("kept_bytes", kept)
        line.add("ends", ends)
        Self.add(["absent", "off", "on", "sums"], Array(rates[..<4]), to: &line)
        Self.add(["c", "c_copied"], Array(rates[4...]), to: &line)
        Self.add(["absent_beside_file", "file"], Array(filedRates[..<2]), to: &line)
        Self.add(["c_beside_file", "c_file"], Array(filedRates[2...]), to: &line)
        line.add("file_of_c_file", Self.ratio(filedRates[1], filedRates[0]) / Self.ratio(filedRates[3], filedRates[2]))
        line.add("recorded_bytes", recorded[1])
        line.add("recorded_bytes_sums", recorded[2])
        return line
    }

    /// Datagrams a second of each bed, round by round.
    static func rates(_ beds: [() throws -> Int], _ rounds: Int, _ seconds: Double) throws -> [[Double]] {
        var rates: [[Double]] = beds.map { _ in [] }
        for round in 0...rounds {
            for (index, bed) in beds.enumerated() {
                let start = lbc_now()
                var (units, took) = (0, 0.0)
                repeat {
                    units += try bed()
                    took = lbc_now() - start
                } while took < seconds
                if round > 0 { rates[index].append(Double(units) / took) }
            }
        }
        return rates
    }

    /// Each round is compared with its own neighbour, the first bed: what the machine does to all of them falls out.
    static func add(_ names: [String], _ rates: [[Double]], to line: inout JSONLine) {
        for (name, values) in zip(names, rates) { line.add("\(name)_s", LoopbackRounds.spread(values)) }
        for (name, values) in zip(names, rates).dropFirst() {
            line.add("\(name)_ratio", ratio(values, rates[0]), digits: 3)
        }
    }

    private static func ratio(_ values: [Double], _ others: [Double]) -> Double {
        LoopbackRounds.median(zip(values, others).map { $0 / $1 })
    }
}

/// Two peers, both or only the sender recorded into one recording, or with the recorder left out.
private final class RecordedBed {
    let bed: DatagramBed<Recorded<UDPPeer>>
    private let recorder: Recorder?

    init(_ wires: (UDPPeer, UDPPeer), _ size: Int, _ ends: Int, _ recorder: Recorder?) throws {
        self.recorder = recorder
        let recorded = (
            Recorded(wires.0, recorder, name: "sender"), Recorded(wires.1, ends == 2 ? recorder : nil, name: "receiver")
        )
        bed = try DatagramBed(recorded, (wires.0.address, wires.1.address), size: size) { recorder?.watch($0) }
    }

    /// Runs until all the memory of the recording has been used once, so that none is touched for the first time later.
    func fill(_ kept: Int, _ count: Int) throws {
        while let recorder, recorder.bytesWritten < kept / 2 { _ = try bed.pass(count) }
    }

    /// Bytes that were recorded.
    func finish() throws -> Int {
        bed.close()
        try recorder?.finish()
        return recorder?.bytesWritten ?? 0
    }
}

/// A recording's file that begins anew whenever it has 64 MiB, so that it is the cache that is measured, not the disk.
private final class RoundFile {
    private let path: String
    private var file: RecordingFile?
    private var count = 0

    init(_ path: String) { self.path = path }

    func write(_ bytes: RawSpan) throws {
        count += bytes.byteCount
        if file == nil || count > 64 << 20 {
            unlink(path)  // a file that is cut to nothing would be written out when it is closed: ext4 does so
            file = try RecordingFile(path)
            count = bytes.byteCount
        }
        try file?.write(bytes)
    }
}
