import CBench
import DemoKit
import Doing
import Memoing
import Signing
import Wiring

/// `bench codec --size B --gram M --kind plain|signed --domain text|binary`: how fast memos are cut and joined.
///
/// One JSON line. `rend_gbps` and `fuse_gbps` count bytes of memo; the latter is pick and fuse through a ``Memoer``,
/// with eight memos held. `pipe_memos_per_s` is a memo all the way through two memoers in memory. The yardsticks run in
/// turn with the rows, and the ratios are those of the medians.
func benchCodec(_ arguments: [String]) throws {
    let options = try CodecOptions(arguments)
    let bench = try CodecBench(options)
    print(try bench.run())
}

/// What is measured.
struct CodecOptions {
    var size = 1 << 20
    var gram = 1240
    var kind = MemoKind.plain
    var domain = Domain.text
    var rounds = 15
    /// Only the whole pipe, for profiling.
    var onlyPipe = false

    init(_ words: [String]) throws {
        var arguments = Arguments(words)
        size = try arguments.integer("--size", in: 0...16 << 20) ?? size
        gram = try arguments.integer("--gram", in: 0...GramSize.largest) ?? gram
        rounds = try arguments.integer("--rounds", in: 1...1000) ?? rounds
        kind = try arguments.choice("--kind", of: MemoKind.self) ?? kind
        domain = try arguments.choice("--domain", of: Domain.self) ?? domain
        onlyPipe = arguments.has("--only-pipe")
        try arguments.finish()
        guard !kind.isSure else { throw UsageError("--kind \(kind.rawValue): expected plain or signed") }
    }
}

/// Median, least and greatest of some rounds.
struct CodecFigure {
    private var values: [Double] = []

    mutating func add(_ value: Double) { values.append(value) }

    var median: Double { values.sorted()[values.count / 2] }

    var json: JSONLine {
        let sorted = values.sorted()
        var line = JSONLine()
        line.add("median", median, digits: 4)
        line.add("min", sorted[0], digits: 4)
        line.add("max", sorted[sorted.count - 1], digits: 4)
        return line
    }
}

struct CodecBench {
    let options: CodecOptions
    let memo: [UInt8]
    let vid: Vid
    let keys: KeyPair
    let keep: TableKeep
    let signer: any Signer
    let burst = Burst()
    let limits = TrainLimits(segments: 64, bytes: 65472, datagram: 65472)
    let sink: UnsafeMutableRawBufferPointer

    init(_ options: CodecOptions) throws {
        self.options = options
        retainFreedMemory()
        sink = .allocate(byteCount: 9 * max(1 << 20, options.size), alignment: 64)
        sink.initializeMemory(as: UInt8.self, repeating: 0)
        var random = SplitMix64(seed: 1)
        memo = (0..<options.size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        signer = options.kind.isSigned ? try Ed25519() : TestSigner()
        let seed = try Seed(raw: Array(repeating: 1, count: 32))
        keys = try KeyPair(verifyKey: signer.verifyKey(of: seed), seed: seed)
        vid = Vid(keys.verifyKey)
        keep = TableKeep([(vid, keys)])
    }

    func memoer(_ seed: UInt64) throws -> Memoer {
        try Memoer(
            kind: options.kind, domain: options.domain, size: min(options.gram, limits.datagram),
            maximum: limits.datagram, vid: vid, keep: keep, signer: signer, random: SplitMix64(seed: seed))
    }

    func run() throws -> String {
        var (rend, fuse, pipe, copy) = (CodecFigure(), CodecFigure(), CodecFigure(), CodecFigure())
        var (fresh, held) = (CodecFigure(), CodecFigure())
        var (encode, table) = (CodecFigure(), CodecFigure())
        var (sign, verify) = (CodecFigure(), CodecFigure())
        let bytes = Double(max(1, options.size))
        // Kept over the rounds, so that the storage of the first memos is there for the others.
        var (sender, receiver) = (try memoer(1), try memoer(2))
        var memos = [[UInt8]](repeating: [], count: 8)
        if options.onlyPipe {
            for _ in 0...options.rounds {
                pipe.add(1 / (try pipeRound(givesBack: true)))
                fresh.add(1 / (try pipeRound(givesBack: false)))
            }
            return "\(pipe.json) \(fresh.json)"
        }
        for round in 0...options.rounds {
            let copied = copyRound()
            let heldCopied = try heldRound()
            let rendered = try rendRound()
            let fused = try fuseRound(&sender, &receiver, &memos)
            let piped = try pipeRound(givesBack: true)
            let owned = try pipeRound(givesBack: false)
            let heads = headRound()
            if round == 0 { continue }  // warming up
            copy.add(bytes / copied / 1e9)
            held.add(bytes / heldCopied / 1e9)
            rend.add(bytes / rendered / 1e9)
            fuse.add(bytes / fused / 1e9)
            pipe.add(1 / piped)
            fresh.add(1 / owned)
            encode.add(heads.ours)
            table.add(heads.table)
            guard options.kind.isSigned else { continue }
            let length = min(options.gram, options.size + 164)
            let times = 64
            memo.withUnsafeBytes { sign.add(cb_sodium_sign($0.baseAddress, min(length, $0.count), times)) }
            memo.withUnsafeBytes { verify.add(cb_sodium_verify($0.baseAddress, min(length, $0.count), times)) }
        }
        var line = JSONLine()
        line.add("row", "codec")
        line.add("size", options.size)
        line.add("gram", options.gram)
        line.add("kind", options.kind.rawValue)
        line.add("domain", options.domain.rawValue)
        line.add("rend_gbps", rend.json)
        line.add("fuse_gbps", fuse.json)
        line.add("memcpy_gbps", copy.json)
        line.add("memcpy_held_gbps", held.json)
        line.add("rend_to_memcpy", rend.median / copy.median, digits: 4)
        line.add("fuse_to_memcpy_held", fuse.median / held.median, digits: 4)
        line.add("pipe_memos_per_s", pipe.json)
        line.add("pipe_fresh_memos_per_s", fresh.json)
        line.add("base64url_gbps", encode.json)
        line.add("base64url_table_gbps", table.json)
        line.add("base64url_to_table", encode.median / table.median, digits: 4)
        if options.kind.isSigned {
            let grams = Double(try plan().count)
            let (signed, verified) = (bytes / rend.median / 1e9 / grams, bytes / fuse.median / 1e9 / grams)
            line.add("sign_us", signed * 1e6, digits: 3)
            line.add("library_sign_us", sign.median * 1e6, digits: 3)
            line.add("sign_to_library", signed / sign.median, digits: 4)
            line.add("verify_us", verified * 1e6, digits: 3)
            line.add("library_verify_us", verify.median * 1e6, digits: 3)
            line.add("verify_to_library", verified / verify.median, digits: 4)
        }
        return line.description
    }

    private func plan() throws -> RendPlan {
        let size = try GramSize.effective(
            min(options.gram, limits.datagram), maximum: limits.datagram, kind: options.kind, domain: options.domain)
        return try RendPlan(length: options.size, kind: options.kind, domain: options.domain, size: size)
    }

    /// How often a thing of this size is repeated in a round: about 64 MiB of memo, or 256 KiB signed.
    private var times: Int {
        max(1, (options.kind.isSigned ? 1 << 18 : 1 << 26) / max(512, options.size))
    }
}

// MARK: - Rounds: seconds a memo

extension CodecBench {
    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let duration = try ContinuousClock().measure(body)
        return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    /// memcpy of the memo.
    private func copyRound() -> Double {
        let times = max(1, (1 << 26) / max(512, options.size))
        let count = memo.count
        return memo.withUnsafeBytes { from in
            seconds { cb_copy(sink.baseAddress!, from.baseAddress!, count, times) }
        } / Double(times)
    }

    /// What joining cannot beat: memcpy of bodies out of a hot burst into nine memos in turn, eight of them held.
    private func heldRound() throws -> Double {
        let piece = min(max(1, options.size), max(1, try plan().laterBody))
        let pieces = max(1, options.size / piece)
        let times = max(9, (1 << 26) / max(512, options.size))
        return memo.count < 65536
            ? copyRound()
            : memo.withUnsafeBytes { from in
                seconds {
                    for index in 0..<times {
                        cb_copy_pieces(sink.baseAddress! + (index % 9) * options.size, from.baseAddress!, piece, pieces)
                    }
                }
            } / Double(times)
    }

    /// The memo cut into trains.
    private func rendRound() throws -> Double {
        let plan = try plan()
        let mid = Mid(high: 1, low: 2)
        let run = limits.capacity(segment: plan.length(of: 0))
        let times = times
        let (memo, burst, vid, keys, signer) = (memo, burst, vid, keys, signer)
        let seed = keys.seed!
        return try seconds {
            for _ in 0..<times {
                var number = 0
                while number < plan.count {
                    let end = min(plan.count, number + run)
                    try burst.lend { out throws(SignerError) in
                        let memo = memo
                        if !plan.kind.isSigned {
                            plan.append(number..<end, of: memo.span.bytes, mid: mid, to: &out)
                            return
                        }
                        for number in number..<end {
                            try plan.append(
                                number, of: memo.span.bytes, mid: mid, as: vid, seed: seed,
                                verifyKey: keys.verifyKey, by: signer, to: &out)
                        }
                    }
                    number = end
                }
            }
        } / Double(times)
    }

    /// Trains of a memoer, taken in by another one that holds eight memos at a time. Only the taking in is measured;
    /// a train is taken in as soon as it was made, as from a socket.
    private func fuseRound(
        _ sender: inout Memoer, _ receiver: inout Memoer, _ held: inout [[UInt8]]
    ) throws -> Double {
        var oldest = 0
        var spent = 0.0
        let before = receiver.statistics.received.memos
        // Several small memos at a time, so that the clock is not what is measured.
        let batch = max(1, min(64, (1 << 16) / max(1, options.size)))
        let (burst, limits) = (burst, limits)
        for _ in 0..<max(1, times / batch) {
            for _ in 0..<batch { try sender.memoit(memo, to: .host(2)) }
            var more = true
            while more {
                burst.lend { out in
                    guard let train = sender.poll(into: &out, limits, at: 0) else { return more = false }
                    let arrived = Train(peer: .host(1), segment: train.segment)
                    let start = ContinuousClock.now
                    receiver.handle(out.bytes, arrived, at: 0)
                    let taken = start.duration(to: .now)
                    spent += Double(taken.components.seconds) + Double(taken.components.attoseconds) * 1e-18
                    sender.sent(Sending(taken: out.byteCount), train, at: 0)
                }
            }
            spent += seconds {
                while var memo = receiver.inbox.popFirst() {
                    swap(&held[oldest], &memo.bytes)
                    oldest = (oldest + 1) & 7
                    receiver.give(&memo.bytes)
                }
            }
        }
        let count = receiver.statistics.received.memos - before
        precondition(count == max(1, times / batch) * batch, "\(count) memos, \(receiver.statistics.drops.occurred)")
        return spent / Double(count)
    }

    /// Memos through two memoers, each in fresh storage, or in storage given back.
    private func pipeRound(givesBack: Bool) throws -> Double {
        var sender = try memoer(3)
        var receiver = try memoer(4)
        let batch = max(1, min(1024, (1 << 20) / max(1, options.size)))
        let rounds = max(1, times / batch)
        let (memo, burst, limits) = (memo, burst, limits)
        return try seconds {
            for _ in 0..<rounds {
                for _ in 0..<batch { try sender.memoit(memo, to: .host(2)) }
                var more = true
                while more {
                    burst.lend { out in
                        guard let train = sender.poll(into: &out, limits, at: 0) else { return more = false }
                        receiver.handle(out.bytes, Train(peer: .host(1), segment: train.segment), at: 0)
                        sender.sent(Sending(taken: out.byteCount), train, at: 0)
                    }
                }
                while var memo = receiver.inbox.popFirst() {
                    if givesBack { receiver.give(&memo.bytes) }
                }
            }
        } / Double(rounds * batch)
    }

    /// base64url of 1,000 heads: ours and a table in C, in bytes encoded.
    private func headRound() -> (ours: Double, table: Double) {
        let heads = [UInt8](repeating: 0x6C, count: 24_000)
        let times = 400
        let ours = seconds {
            for _ in 0..<times {
                burst.lend { out in
                    let heads = heads
                    Base64URL.append(heads.span.bytes, to: &out)
                }
            }
        }
        let table = heads.withUnsafeBytes { from in
            seconds { cb_base64(sink.baseAddress!, from.baseAddress!, from.count, times) }
        }
        let bytes = Double(heads.count * times) / 1e9
        return (bytes / ours, bytes / table)
    }
}
