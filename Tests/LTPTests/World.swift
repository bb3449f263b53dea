import Doing
import Wiring

@testable import LTP

/// Engines 1, 2, … on hosts of the same numbers, joined by links of one delay; tyme goes from event to event.
final class World {
    /// A segment on its way, as a rule sees it.
    struct Flight {
        var from: Int
        var to: Int
        var segment: LTPSegment
        /// The how-manieth of its kind between these two, from 0.
        var number: Int
        var tyme: Tyme
    }

    enum Fate { case deliver, drop, twice, delay(Double) }

    var engines: [LTPEngine]
    var delay: Double
    var tyme: Tyme = 0
    /// What becomes of each segment.
    var rule: (Flight) -> Fate = { _ in .deliver }
    /// All events, in order: who was told what, and when.
    var told: [(engine: Int, tyme: Tyme, event: LTPEvent)] = []
    /// All segments that were sent, with their fate.
    var log: [(flight: Flight, fate: String)] = []
    var limits = TrainLimits(segments: 64, bytes: 65_472, datagram: 65_507)
    /// Called with every event.
    var onEvent: ((Int, LTPEvent) -> Void)?
    /// Called after every pass.
    var afterPass: (() -> Void)?
    var bytesSent = 0
    var keepsLog = true

    private var flights: [(due: Tyme, order: Int, to: Int, source: Address, bytes: [UInt8])] = []
    private var order = 0
    private var kinds: [Int: Int] = [:]
    private let burst = Burst()

    /// - Parameter peer: changes what each engine knows of each other.
    init(
        _ count: Int = 2, delay: Double = 0.25, seed: UInt64 = 1, limits: LTPLimits = LTPLimits(),
        peer: (inout LTPPeer) -> Void = { _ in }
    ) throws {
        self.delay = delay
        var random = Xoshiro256(seed: seed)
        engines = (1...count).map {
            LTPEngine(engine: UInt64($0), limits: limits, random: Xoshiro256(seed: random.next() ^ UInt64($0)))
        }
        for a in 1...count {
            for b in 1...count where a != b {
                var one = LTPPeer(engine: UInt64(b), address: World.address(b))
                one.lightTime = delay
                one.rate = nil
                peer(&one)
                try engines[a - 1].add(one)
            }
            try engines[a - 1].open(client: 1)
        }
    }

    static func address(_ engine: Int) -> Address { .host(UInt64(engine), port: 1113) }

    /// Puts bytes on their way to an engine as if from a host.
    func inject(_ bytes: [UInt8], to: Int, from source: Address, after delay: Double = 0) {
        flights.append((tyme + delay, order, to, source, bytes))
        order += 1
    }

    func inject(_ segment: LTPSegment, to: Int, from host: Int, after delay: Double = 0) {
        inject(segment.bytes, to: to, from: World.address(host), after: delay)
    }

    /// Goes on until nothing is on its way and no timer runs, or until `end`. Returns the passes.
    @discardableResult func run(until end: Tyme = .infinity, passes most: Int = 200_000) -> Int {
        for pass in 0..<most {
            guard let next = next, next <= end else {
                if end < .infinity { tyme = max(tyme, end) }
                for place in engines.indices { engines[place].tick(at: tyme) }
                return pass
            }
            tyme = max(tyme, next)
            self.pass()
            afterPass?()
        }
        return most
    }

    private var next: Tyme? {
        let wakes = engines.compactMap(\.wakeTyme)
        return (wakes + flights.map(\.due)).min()
    }

    private func pass() {
        for place in engines.indices { engines[place].tick(at: tyme) }
        let due = flights.filter { $0.due <= tyme }.sorted { ($0.due, $0.order) < ($1.due, $1.order) }
        flights.removeAll { $0.due <= tyme }
        for one in due where one.to <= engines.count {
            engines[one.to - 1].handle(
                one.bytes.span.bytes, Train(peer: one.source, segment: one.bytes.count), at: tyme)
        }
        for place in engines.indices {
            engines[place].expire(at: tyme)
            tell(place)
            send(place)
            tell(place)
        }
    }

    private func tell(_ place: Int) {
        while let event = engines[place].pollEvent() {
            told.append((place + 1, tyme, event))
            onEvent?(place + 1, event)
        }
    }

    private func send(_ place: Int) {
        for _ in 0..<100_000 {
            var datagrams: [[UInt8]] = []
            let train = burst.lend { (out: inout OutputRawSpan) -> Train? in
                guard let train = engines[place].poll(into: &out, limits, at: tyme) else { return nil }
                train.forEachDatagram(of: out.bytes) { datagrams.append($0.withUnsafeBytes { Array($0) }) }
                engines[place].sent(Sending(taken: out.byteCount), train, at: tyme)
                return train
            }
            guard let train else { return }
            for datagram in datagrams { fly(datagram, place + 1, Int(train.peer.lo)) }
        }
    }

    private func fly(_ bytes: [UInt8], _ from: Int, _ to: Int) {
        bytesSent += bytes.count
        guard let segment = try? LTPSegment(bytes.span.bytes) else { fatalError("an engine sends what is no segment") }
        let key = (from * 64 + to) * 16 + Int(segment.type)
        let number = kinds[key, default: 0]
        kinds[key] = number + 1
        let flight = Flight(from: from, to: to, segment: segment, number: number, tyme: tyme)
        let fate = rule(flight)
        if keepsLog { log.append((flight, "\(fate)")) }
        switch fate {
        case .drop: break
        case .deliver: inject(bytes, to: to, from: World.address(from), after: delay)
        case .twice:
            inject(bytes, to: to, from: World.address(from), after: delay)
            inject(bytes, to: to, from: World.address(from), after: delay)
        case .delay(let more): inject(bytes, to: to, from: World.address(from), after: delay + more)
        }
    }

    @discardableResult func send(
        _ block: [UInt8], from: Int = 1, to: Int = 2, client: UInt64 = 1, red: Int? = nil
    ) throws(LTPError) -> LTPSession {
        try engines[from - 1].send(block, to: UInt64(to), client: client, red: red)
    }

    func cancel(_ session: LTPSession, by engine: Int) -> Bool { engines[engine - 1].cancel(session) }

    func open(client: UInt64, at engine: Int) throws(LTPError) { try engines[engine - 1].open(client: client) }

    func update(_ peer: LTPPeer, at engine: Int) throws(LTPError) { try engines[engine - 1].update(peer) }

    func add(_ peer: LTPPeer, to engine: Int) throws(LTPError) { try engines[engine - 1].add(peer) }

    // MARK: - What came of it

    func events(_ engine: Int) -> [LTPEvent] { told.filter { $0.engine == engine }.map(\.event) }

    /// The red parts that an engine was given.
    func reds(_ engine: Int) -> [LTPRed] {
        events(engine).compactMap { if case .red(let red) = $0 { red } else { nil } }
    }

    func greens(_ engine: Int) -> [LTPGreen] {
        events(engine).compactMap { if case .green(let green) = $0 { green } else { nil } }
    }

    /// How each of an engine's exports has ended, in words.
    func ends(_ engine: Int) -> [String] {
        events(engine).compactMap {
            switch $0 {
            case .exportComplete: "complete"
            case .exportCanceled(_, let reason, let party): "canceled \(reason) by \(party.rawValue)"
            default: nil
            }
        }
    }

    func cancels(_ engine: Int) -> [String] {
        events(engine).compactMap {
            if case .importCanceled(_, _, let reason, let party) = $0 { "\(reason) by \(party.rawValue)" } else { nil }
        }
    }

    /// Types of the segments from one engine to another, in order.
    func types(_ from: Int, _ to: Int) -> [Int] {
        log.filter { $0.flight.from == from && $0.flight.to == to }.map { Int($0.flight.segment.type) }
    }

    func pieces(_ from: Int) -> [LTPSegment.Piece] {
        log.filter { $0.flight.from == from }.compactMap {
            if case .data(let piece) = $0.flight.segment.content { piece } else { nil }
        }
    }

    func reports(_ from: Int) -> [LTPSegment.Report] {
        log.filter { $0.flight.from == from }.compactMap {
            if case .report(let report) = $0.flight.segment.content { report } else { nil }
        }
    }

    /// Whether nothing is left of any session.
    var isQuiet: Bool { engines.allSatisfy { $0.openCount == 0 } && engines.allSatisfy { $0.wakeTyme == nil } }

    var text: String {
        log.map { "\($0.flight.tyme) \($0.flight.from)>\($0.flight.to) \($0.flight.segment) \($0.fate)" }
            .joined(separator: "\n")
    }
}
