import Doing
import Memoing
import Testing
import Wiring

/// Memoers at the ends of ways that delay, jitter, lose and queue: each has a pass at every tick at which something
/// arrives or is due, as under a doist, and what a memo came to is told apart from what was said of it.
struct SureRoad {
    /// One direction between two memoers; several may share one.
    final class Way {
        var delay: Tyme
        var jitter: Tyme
        var loss: Double
        var duplicates = 0.0
        /// Bytes a second with 28 a datagram; 0 for any number, and bytes that may wait.
        var rate = 0.0
        var queue = 1 << 30
        fileprivate var freeAt: Tyme = 0
        fileprivate(set) var datagrams = 0
        fileprivate(set) var bytes = 0
        fileprivate(set) var overflows = 0

        init(delay: Tyme = 0.025, jitter: Tyme = 0, loss: Double = 0) {
            self.delay = delay
            self.jitter = jitter
            self.loss = loss
        }
    }

    /// A memo as its sender and its receiver know it.
    struct Account {
        var to: Int
        var bytes: [UInt8]
        var sentAt: Tyme
        var arrivedAt: Tyme?
        var arrivals = 0
        var outcome: SureOutcome?
        var endedAt: Tyme?
    }

    private struct Flight {
        var at: Tyme
        var order: Int
        var from: Int
        var to: Int
        var gram: [UInt8]
    }

    var memoers: [Memoer]
    /// Senders of another make, hosts behind the memoers; each packet that arrives anywhere is acknowledged.
    var guests: [ReferenceReno] = []
    let tock: Tyme
    /// The way from one to another.
    var way: (Int, Int) -> Way
    /// What the transport says of a train before it leaves; nil for taken.
    var refuses: (Int, Train, Tyme) -> Sending.Outcome? = { _, _, _ in nil }
    private(set) var tyme: Tyme = 0
    private(set) var ticks = 0
    private(set) var accounts: [Mid: Account] = [:]
    /// Mids in the order of sending.
    private(set) var mids: [Mid] = []
    private(set) var wrong: [String] = []
    /// Times that a peer was told to be silent.
    private(set) var silences = 0
    private var hasCrashed = false
    private var flights: [Flight] = []
    private var orders = 0
    private var random: Xoshiro256
    static let limits = TrainLimits(segments: 64, bytes: 65_472, datagram: 65_507)

    init(_ memoers: [Memoer], tock: Tyme = 0.001, seed: UInt64 = 1, way: @escaping (Int, Int) -> Way) {
        self.memoers = memoers
        self.tock = tock
        self.way = way
        random = Xoshiro256(seed: seed)
        for index in self.memoers.indices { self.memoers[index].tellsMemos = false }
    }

    /// Two memoers with all defaults, and a way that is alike both ways.
    static func pair(
        tock: Tyme = 0.001, seed: UInt64 = 1, delay: Tyme = 0.025, jitter: Tyme = 0, loss: Double = 0,
        options: SureOptions = SureOptions()
    ) throws -> SureRoad {
        let forth = Way(delay: delay, jitter: jitter, loss: loss)
        let back = Way(delay: delay, jitter: jitter, loss: loss)
        var memoers: [Memoer] = []
        for host in 0..<2 {
            var memoer = try Memoer(kind: .sure, random: SplitMix64(seed: seed &* 7 &+ UInt64(host)))
            memoer.sureDefaults = options
            memoers.append(memoer)
        }
        return SureRoad(memoers, tock: tock, seed: seed) { from, _ in from == 0 ? forth : back }
    }

    static func address(_ host: Int) -> Address { .host(UInt64(host + 1), port: 7) }

    /// Hands a memo over at the tick that it is now.
    @discardableResult mutating func send(
        _ bytes: [UInt8], from: Int = 0, to: Int = 1, options: MemoOptions? = nil
    ) throws -> Mid {
        let mid =
            if let options {
                try memoers[from].memoit(bytes, to: Self.address(to), options: options)
            } else {
                try memoers[from].memoit(bytes, to: Self.address(to))
            }
        accounts[mid] = Account(to: to, bytes: bytes, sentAt: tyme)
        mids.append(mid)
        return mid
    }

    /// Takes a memo of host 0 back, if it is not over.
    mutating func cancel(_ mid: Mid) { memoers[0].cancel(mid) }

    /// Host 1 has crashed: what it had may arrive once more.
    mutating func forgetsArrivals() { hasCrashed = true }

    /// Goes on until `until`, or sooner if all memos have ended and nothing is under way.
    mutating func run(until: Tyme, stopsWhenOver: Bool = true) {
        while tyme < until {
            pass()
            if stopsWhenOver, flights.isEmpty, memoers.allSatisfy({ $0.sureStatistics.unfinished == 0 }) { return }
            advance(until)
        }
    }

    private mutating func pass() {
        ticks += 1
        while let first = flights.first, first.at <= tyme {
            removeFirst()
            if passGuest(first) { continue }
            memoers[first.to].handle(
                first.gram.span.bytes, Train(peer: Self.address(first.from), segment: first.gram.count), at: tyme)
        }
        // Who comes last finds a queue full that others have just filled: they take turns.
        if ticks % 2 == 0 { serveGuests() }
        for host in memoers.indices { serve(host) }
        if ticks % 2 == 1 { serveGuests() }
    }

    private mutating func serveGuests() {
        for guest in guests.indices {
            for number in guests[guest].poll(at: tyme) {
                var packet = [UInt8](repeating: 0, count: ReferenceReno.datagram)
                for byte in 0..<8 { packet[byte] = UInt8(truncatingIfNeeded: number >> UInt64(8 * byte)) }
                launch(packet, from: memoers.count + guest, to: memoers.count - 1)
            }
        }
    }

    /// A packet of a guest has arrived, or the ack of one.
    private mutating func passGuest(_ flight: Flight) -> Bool {
        if flight.from >= memoers.count {
            launch(Array(flight.gram[..<8]), from: flight.to, to: flight.from)
            return true
        }
        guard flight.to >= memoers.count else { return false }
        let number = (0..<8).reduce(0) { $0 | UInt64(flight.gram[$1]) << UInt64(8 * $1) }
        guests[flight.to - memoers.count].acknowledge(number, at: tyme)
        return true
    }

    private mutating func serve(_ host: Int) {
        memoers[host].unblock()
        memoers[host].expire(at: tyme)
        settle(host)
        let burst = Burst()
        for _ in 0..<4096 {
            let at = tyme
            var grams: [[UInt8]] = []
            let train: Train? = burst.lend { out in
                guard let train = memoers[host].poll(into: &out, Self.limits, at: at) else { return nil }
                train.forEachDatagram(of: out.bytes) { gram in grams.append(gram.withUnsafeBytes { Array($0) }) }
                return train
            }
            guard let train else { break }
            let outcome = refuses(host, train, at)
            let taken = outcome == nil ? grams.reduce(0) { $0 + $1.count } : 0
            memoers[host].sent(Sending(taken: taken, outcome ?? .sent), train, at: at)
            if outcome == nil { for gram in grams { launch(gram, from: host, to: Int(train.peer.lo) - 1) } }
            if outcome == .full { break }
        }
        settle(host)
    }

    /// Takes in what arrived and what ended.
    private mutating func settle(_ host: Int) {
        while let memo = memoers[host].inbox.popFirst() {
            guard var account = accounts[memo.mid], account.to == host else {
                wrong.append("\(tyme): a memo that was not sent")
                continue
            }
            if account.bytes != memo.bytes { wrong.append("\(tyme): other bytes than were sent") }
            account.arrivals += 1
            if account.arrivals > 1, !hasCrashed {
                wrong.append("\(tyme): \(memo.mid) arrived \(account.arrivals) times")
            }
            account.arrivedAt = account.arrivedAt ?? tyme
            if let outcome = account.outcome { check(outcome, account) }
            accounts[memo.mid] = account
        }
        while let event = memoers[host].pollEvent() {
            if case .silent = event { silences += 1 }
            guard case .outcome(let outcome) = event, var account = accounts[outcome.mid] else { continue }
            if account.outcome != nil { wrong.append("\(tyme): \(outcome.mid) ended twice") }
            account.outcome = outcome
            account.endedAt = tyme
            check(outcome, account)
            accounts[outcome.mid] = account
        }
    }

    private mutating func check(_ outcome: SureOutcome, _ account: Account) {
        if outcome.result == .delivered, account.arrivals == 0 { wrong.append("\(tyme): delivered, and is not there") }
        if !outcome.mayHaveArrived, account.arrivals > 0 {
            wrong.append("\(tyme): \(outcome.result), and it is there")
        }
    }

    private mutating func advance(_ until: Tyme) {
        var next = flights.first?.at ?? .infinity
        for memoer in memoers { next = min(next, memoer.wakeTyme ?? .infinity) }
        if !guests.isEmpty { next = tyme + tock }
        next = min(next, until)
        // The first tick that is not before it, and not this one again.
        let ticks = max((next / tock).rounded(.up), (tyme / tock).rounded() + 1)
        tyme = ticks * tock
    }

    private mutating func launch(_ gram: [UInt8], from: Int, to: Int) {
        let way = way(from, to)
        way.datagrams += 1
        way.bytes += gram.count
        if way.loss > 0, random.unit() < way.loss { return }
        var at = tyme
        if way.rate > 0 {
            let waiting = max(0, way.freeAt - tyme) * way.rate
            guard waiting + Double(gram.count + 28) <= Double(way.queue) else { return way.overflows += 1 }
            way.freeAt = max(way.freeAt, tyme) + Double(gram.count + 28) / way.rate
            at = way.freeAt
        }
        let copies = way.duplicates > 0 && random.unit() < way.duplicates ? 2 : 1
        for _ in 0..<copies {
            insert(at: at + way.delay + (way.jitter > 0 ? random.unit() * way.jitter : 0), from, to, gram)
        }
    }

    // A heap by arrival, and by sending where two arrive at once.

    private mutating func insert(at: Tyme, _ from: Int, _ to: Int, _ gram: [UInt8]) {
        orders += 1
        flights.append(Flight(at: at, order: orders, from: from, to: to, gram: gram))
        var place = flights.count - 1
        while place > 0, isLess(place, (place - 1) / 2) {
            flights.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private func isLess(_ a: Int, _ b: Int) -> Bool {
        (flights[a].at, flights[a].order) < (flights[b].at, flights[b].order)
    }

    private mutating func removeFirst() {
        flights.swapAt(0, flights.count - 1)
        flights.removeLast()
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < flights.count && isLess(child, least) {
                least = child
            }
            if least == place { return }
            flights.swapAt(place, least)
            place = least
        }
    }
}

extension SureRoad {
    /// How memos ended, and how many did so.
    var results: [String: Int] {
        accounts.values.reduce(into: [:]) { $0[$1.outcome?.result.word ?? "open", default: 0] += 1 }
    }

    /// Seconds from handing over to arrival, ascending; those that did not arrive are not among them.
    var latencies: [Tyme] {
        accounts.values.compactMap { account in account.arrivedAt.map { $0 - account.sentAt } }.sorted()
    }

    /// The part `part` of ``latencies``, all memos counted.
    func latency(_ part: Double) -> Tyme {
        let (all, index) = (latencies, min(mids.count - 1, Int(Double(mids.count) * part)))
        return index < all.count ? all[index] : .infinity
    }

    /// Hands `count` memos over, one each `gap` seconds, and goes on until all have ended or until `limit`.
    mutating func run(_ count: Int, gap: Tyme, limit: Tyme, _ bytes: (Int) -> [UInt8]) throws {
        for index in 0..<count {
            run(until: Double(index) * gap, stopsWhenOver: false)
            try send(bytes(index))
        }
        run(until: limit)
    }
}
