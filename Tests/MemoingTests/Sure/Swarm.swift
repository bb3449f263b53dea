import Doing
import Memoing
import Wiring

/// Memoers that exchange memos of all kinds over a network that does everything to them; after a while it does
/// nothing any more, and all must end. What must hold is asked at every step, and broken rules are collected.
struct Swarm {
    /// What one memoer has sent, by mid.
    private struct Sent {
        var bytes: [UInt8]
        var from: Int
        var to: Int
        var kind: MemoKind
        var isHurried = false
    }
    private struct Flight {
        var at: Tyme
        var order: Int
        var from: Int
        var to: Int
        var bytes: [UInt8]
    }
    private struct Faults {
        var loss, duplicate, corrupt, forge, refuse: Double
        var delay, jitter: Tyme
        var cut: ClosedRange<Tyme>
    }

    let seed: UInt64
    private var random: Xoshiro256
    private var memoers: [Memoer] = []
    private var vids: [Vid] = []
    private var sent: [Mid: Sent] = [:]
    private var outcomes: [Mid: SureOutcome] = [:]
    private var arrived: [Mid: Int] = [:]
    private var sure = 0
    /// Memos that were sent, all kinds.
    var count: Int { sent.count }
    private var tight = [Bool](repeating: false, count: Swarm.hosts)
    private var flights: [Flight] = []
    private var order = 0
    private var isTouched = [Bool](repeating: true, count: Swarm.hosts)
    private var faults: Faults
    private var tyme: Tyme = 0
    private let tock: Tyme
    private(set) var broken: [String] = []
    private(set) var steps = 0

    static let hosts = 3
    static let faultsEnd: Tyme = 3

    init(seed: UInt64) throws {
        self.seed = seed
        random = Xoshiro256(seed: seed)
        tock = [0.001, 0.005, 1.0 / 32][random.below(3)]
        let start = random.unit() * 2
        faults = Faults(
            loss: random.unit() * 0.5, duplicate: random.unit() * 0.2, corrupt: random.unit() * 0.1,
            forge: random.unit() * 0.2, refuse: random.unit() * 0.1, delay: random.unit() * 0.05,
            jitter: random.unit() * 0.1, cut: start...(start + random.unit()))
        if random.below(4) == 0 { faults.loss = 0 }
        let signer = TestSigner()
        var keep = TableKeep()
        for host in 0..<Swarm.hosts {
            let pair = try KeyPair(seed: Seed(raw: [UInt8](repeating: UInt8(host + 1), count: 32)), signer: signer)
            vids.append(Vid(pair.verifyKey))
            keep[vids[host]] = pair
        }
        for host in 0..<Swarm.hosts {
            var limits = MemoerLimits()
            limits.inboxMemos = random.below(3) == 0 ? 4 : 1000
            limits.sureFinished = 512
            if random.below(5) == 0 {
                // Tables that are full again and again: what finds no room is refused.
                tight[host] = true
                (limits.open, limits.openPerHost, limits.openPerPeer, limits.openSurePerPeer) = (6, 4, 3, 3)
                (limits.peers, limits.acks, limits.events) = (4, 8, 4)
            }
            var memoer = try Memoer(
                kind: .sure, domain: random.below(2) == 0 ? .text : .binary, size: 200 + random.below(1000),
                vid: vids[host], keep: keep, signer: signer, limits: limits,
                random: SplitMix64(seed: seed &* 3 &+ UInt64(host)))
            let controls: [SureControl] = [
                .newReno, .delayReno, .rate(bytesPerSecond: 500_000), .none(window: 32),
            ]
            memoer.sureDefaults.control = controls[random.below(4)]
            memoer.sureDefaults.isOrdered = random.below(4) == 0
            memoer.sureDefaults.mode = random.below(4) == 0 ? .bestEffort : .required
            if random.below(4) == 0 { memoer.sureDefaults.deadline = 0.5 + random.unit() * 5 }
            memoer.tellsMemos = false
            memoers.append(memoer)
        }
    }

    private mutating func breaks(_ rule: String) { broken.append("seed \(seed) at \(tyme): \(rule)") }

    /// Runs to the end.
    mutating func run(limit: Tyme = 4000) throws {
        while tyme < limit {
            steps += 1
            if tyme < Swarm.faultsEnd { try say() }
            deliver()
            for host in 0..<Swarm.hosts { pass(host) }
            // A memoer that nothing has happened to since it was checked is as it was.
            for host in 0..<Swarm.hosts where isTouched[host] {
                memoers[host].checkSureInvariants()
                isTouched[host] = false
            }
            guard broken.isEmpty else { return }
            if tyme >= Swarm.faultsEnd, isOver { break }
            advance()
        }
        finish()
    }

    private var isOver: Bool {
        flights.isEmpty && outcomes.count == sure && memoers.allSatisfy { $0.inbox.isEmpty }
            && memoers.allSatisfy(\.isSureQuietButOrphans)
    }

    /// To the next tick with something to do.
    private mutating func advance() {
        guard tyme >= Swarm.faultsEnd else { return tyme += tock }
        var next = flights.map(\.at).min() ?? .infinity
        for memoer in memoers { next = min(next, memoer.wakeTyme ?? .infinity) }
        tyme = next == .infinity ? tyme + 1 : max(tyme + tock, next)
    }

    /// Sometimes a memoer sends something.
    private mutating func say() throws {
        guard random.below(20) == 0 else { return }
        for _ in 0..<1 + random.below(6) {
            let from = random.below(Swarm.hosts)
            let to = (from + 1 + random.below(Swarm.hosts - 1)) % Swarm.hosts
            let kind: MemoKind = [.sure, .sure, .sureSigned, .plain][random.below(4)]
            var size = [0, 1, 100, 1000, 5000, 20_000][random.below(6)]
            if random.below(100) == 0 { size = random.below(300_000) }
            let bytes = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            isTouched[from] = true
            var options: MemoOptions?
            if kind.isSure, random.below(4) == 0 {
                options = MemoOptions(
                    deadline: random.below(2) == 0 ? 0.1 + random.unit() * 2 : nil,
                    priority: MemoPriority.allCases[random.below(3)],
                    key: random.below(2) == 0 ? UInt64(random.below(4)) : nil)
            }
            let mid =
                if let options {
                    try memoers[from].memoit(bytes, to: address(to), kind: kind, options: options)
                } else {
                    try memoers[from].memoit(bytes, to: address(to), kind: kind)
                }
            sent[mid] = Sent(bytes: bytes, from: from, to: to, kind: kind, isHurried: options?.deadline != nil)
            if kind.isSure, random.below(40) == 0 { memoers[from].cancel(mid) }
            if kind.isSure { sure += 1 }
        }
    }

    private func address(_ host: Int) -> Address { .host(UInt64(host + 1), port: 7) }

    private mutating func deliver() {
        let due = flights.filter { $0.at <= tyme }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
        flights.removeAll { $0.at <= tyme }
        for flight in due {
            isTouched[flight.to] = true
            memoers[flight.to].handle(
                flight.bytes.span.bytes, Train(peer: address(flight.from), segment: flight.bytes.count), at: tyme)
        }
    }

    private mutating func pass(_ host: Int) {
        memoers[host].unblock()
        memoers[host].expire(at: tyme)
        read(host)
        let burst = Burst()
        let limits = TrainLimits(segments: 16, bytes: 65_000, datagram: 65_000)
        for _ in 0..<256 {
            var grams: [[UInt8]] = []
            let train: Train? = burst.lend { out in
                guard let train = memoers[host].poll(into: &out, limits, at: tyme) else { return nil }
                train.forEachDatagram(of: out.bytes) { gram in grams.append(gram.withUnsafeBytes { Array($0) }) }
                return train
            }
            guard let train else { break }
            isTouched[host] = true
            let sending = refusal(grams)
            let count = sending.taken == 0 ? 0 : train.count(of: sending.taken)
            for gram in grams[..<count] { launch(gram, from: host, to: Int(train.peer.lo) - 1) }
            memoers[host].sent(sending, train, at: tyme)
            if sending.outcome == .full { break }
        }
        while let event = memoers[host].pollEvent() {
            isTouched[host] = true
            guard case .outcome(let outcome) = event else { continue }
            if outcomes.updateValue(outcome, forKey: outcome.mid) != nil { breaks("two outcomes") }
            if sent[outcome.mid]?.from != host { breaks("an outcome of a memo that was not sent") }
            if outcome.result == .delivered, arrived[outcome.mid] != 1 { breaks("delivered, but not in the inbox") }
            if !outcome.mayHaveArrived, arrived[outcome.mid] != nil { breaks("\(outcome.result), but in the inbox") }
        }
    }

    /// What the transport takes of a train.
    private mutating func refusal(_ grams: [[UInt8]]) -> Sending {
        let all = grams.reduce(0) { $0 + $1.count }
        guard tyme < Swarm.faultsEnd, random.unit() < faults.refuse else { return Sending(taken: all) }
        let count = random.below(grams.count)
        let taken = grams[..<count].reduce(0) { $0 + $1.count }
        switch random.below(4) {
        case 0: return Sending(taken: taken, .full)
        case 1: return Sending(taken: taken, .peerFull)
        case 2 where random.below(4) == 0:
            return Sending(taken: taken, .refused(Refusal(random.below(2) == 0 ? .denied : .tooLarge)))
        default: return Sending(taken: taken, .refused(Refusal(.unreachable)))
        }
    }

    private mutating func launch(_ gram: [UInt8], from: Int, to: Int) {
        var times = [faults.delay]
        var gram = gram
        if tyme < Swarm.faultsEnd {
            if random.unit() < faults.loss || faults.cut.contains(tyme) { times = [] }
            times = times.map { $0 + random.unit() * faults.jitter }
            if random.unit() < faults.duplicate { times.append(faults.delay + random.unit() * 3 * faults.jitter) }
            if random.unit() < faults.corrupt, Swarm.isSigned(gram) {
                // Behind the head: UDP's checksum guards the rest, and a signature has to.
                gram[40 + random.below(gram.count - 40)] ^= UInt8(1 << random.below(8))
            }
            if random.unit() < faults.forge { forge(gram, from: from, to: to) }
        }
        for time in times {
            order += 1
            flights.append(Flight(at: tyme + time, order: order, from: from, to: to, bytes: gram))
        }
    }

    private static func isSigned(_ gram: [UInt8]) -> Bool {
        gram[0] == 0x62 ? [67, 68, 71, 72, 74].contains(gram[3]) : [2, 3, 6, 7, 9].contains(gram[2])
    }

    /// Somebody who sees the gram sends others like it, from the same place: unsigned ones, ones with a signature of
    /// nobody, and acks of signed memos that nobody signed.
    private mutating func forge(_ gram: [UInt8], from: Int, to: Int) {
        guard let view = try? pick(gram.span.bytes), view.code.kind == .sureSigned else { return }
        var forged: [[UInt8]] = []
        let plain = (try? rend([UInt8](repeating: 65, count: 900), mid: view.mid, kind: .sure, size: 200)) ?? []
        forged += plain.dropFirst()
        var wrong = gram
        wrong[gram.count - 90] ^= 1
        forged.append(wrong)
        for (index, bytes) in forged.enumerated() {
            order += 1
            flights.append(Flight(at: tyme + Double(index) * 0.001, order: order, from: from, to: to, bytes: bytes))
        }
        let body = Ack.Body(status: .done, base: 1, credit: 1)
        order += 1
        flights.append(
            Flight(
                at: tyme, order: order, from: to, to: from,
                bytes: Ack(mid: view.mid, trigger: 0, body: body).bytes(in: .text)))
    }

    /// Takes memos out of the inbox, not always at once.
    private mutating func read(_ host: Int) {
        // What arrived is noted when it is in the inbox, before anyone has read it.
        while let memo = memoers[host].inbox.popFirst() {
            isTouched[host] = true
            arrived[memo.mid, default: 0] += 1
            guard let origin = sent[memo.mid], origin.to == host else {
                breaks("a memo that was not sent")
                continue
            }
            if origin.bytes != memo.bytes { breaks("other bytes than were sent") }
            if origin.kind.isSigned, memo.vid != vids[origin.from] { breaks("not signed by its sender") }
            if !origin.kind.isSigned, memo.vid != nil { breaks("signed, though nobody did") }
            if arrived[memo.mid]! > 1 { breaks("delivered twice") }
            if let outcome = outcomes[memo.mid], !outcome.mayHaveArrived {
                breaks("delivered after its sender was told \(outcome.result)")
            }
        }
    }

    /// Where no more than 30 % is lost, nobody is in a hurry, and the system denies nothing, every memo is delivered.
    private mutating func demandDelivery() {
        guard faults.loss <= 0.3 else { return }
        for (mid, memo) in sent where memo.kind.isSure {
            let options = memoers[memo.from].sureDefaults
            guard options.mode == .required, options.deadline == nil, !memo.isHurried, let outcome = outcomes[mid]
            else {
                continue
            }
            switch outcome.result {
            case .localError, .cancelled, .superseded: continue
            case .refused where tight[memo.to]: continue
            case .delivered, .refused, .timedOut, .neverHeard, .closed: break
            }
            if outcome.result != .delivered { breaks("\(memo.bytes.count) bytes: \(outcome.result)") }
        }
    }

    private mutating func finish() {
        demandDelivery()
        if outcomes.count != sure { breaks("\(sure - outcomes.count) of \(sure) memos never ended") }
        for host in 0..<Swarm.hosts {
            // Long after, everything is forgotten.
            for _ in 0..<3 {
                tyme += 1000
                _ = memoers[host].drain(at: tyme)
            }
            let counts = memoers[host].sureStatistics
            read(host)
            if counts.remembered != 0 { breaks("\(counts.remembered) memos are remembered for ever") }
            if !memoers[host].isSureQuiet { breaks("not quiet") }
            if memoers[host].statistics.openMemos != 0 { breaks("memos are left open") }
        }
    }
}

extension Memoer {
    /// Nothing of sure memos is under way or owed; orphans may still wait for their age.
    fileprivate var isSureQuietButOrphans: Bool { sureStatistics.unfinished == 0 }
}
