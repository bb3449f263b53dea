import Doing

/// A fault as one direction of a network has it: in microseconds, with its own draws.
struct ActiveFault {
    let effect: Fault.Effect
    let from: Int64
    let until: Int64
    /// Where its stream starts.
    private let seed: UInt64
    /// Its place in the plan, for counts over all directions; -1 for what a link does by itself.
    let index: Int
    /// For bursts: the way is bad now.
    private var isBad = false

    init(_ fault: Fault, seed: UInt64, index: Int) {
        effect = fault.effect
        from = Micros.of(fault.from)
        until = fault.until == .infinity ? Micros.never : Micros.of(fault.until)
        self.seed = seed
        self.index = index
    }

    /// The faults that a link has by itself.
    static func of(_ link: SimLink, seed: UInt64) -> [ActiveFault] {
        var effects: [Fault.Effect] = []
        if let mtu = link.mtu { effects.append(.mtu(mtu)) }
        if let burst = link.burst { effects.append(.burst(burst)) }
        if link.duplicate > 0 { effects.append(.duplicate(link.duplicate)) }
        if link.reorder > 0 { effects.append(.reorder(link.reorder, by: link.reorderBy)) }
        if link.corrupt > 0 { effects.append(.corrupt(link.corrupt)) }
        if link.truncate > 0 { effects.append(.truncate(link.truncate)) }
        return effects.map { effect in
            // By the name of the effect, so that one more does not move another.
            let name = effect.description.prefix { $0 != " " }
            let start = StreamSeed.mix(seed, StreamSeed.hash(String(name)))
            return ActiveFault(Fault(effect, from: -Tyme(Micros.limit)), seed: start, index: -1)
        }
    }

    @inline(__always) func isActive(at now: Int64) -> Bool { from <= now && now < until }

    /// The k-th draw for the n-th datagram: the stream is entered anywhere, so that nothing that happened before
    /// moves it.
    private func unit(_ number: UInt64, _ k: UInt64) -> Double {
        var stream = SplitMix64(seed: seed &+ (number &* 8 &+ k) &* 0x9E37_79B9_7F4A_7C15)
        return stream.unit()
    }

    /// What it does to the n-th datagram of its direction.
    mutating func act(on passage: inout Passage, number: UInt64, count: Int) {
        switch effect {
        case .loss(let p): if unit(number, 0) < p { passage.isLost = true }
        case .burst(let burst):
            if unit(number, 0) < (isBad ? burst.leave : burst.enter) { isBad.toggle() }
            if isBad, unit(number, 1) < burst.loss { passage.isLost = true }
        case .duplicate(let p):
            if unit(number, 0) < p { passage.copy = unit(number, 1) }
        case .reorder(let p, let by): if unit(number, 0) < p { passage.delay(Micros.span(by)) }
        case .delay(let span, let jitter):
            passage.delay(Micros.span(span) + Int64(unit(number, 0) * Double(Micros.span(jitter))))
        case .corrupt(let p):
            guard count > 0, unit(number, 0) < p else { break }
            passage.corrupt((0..<1 + Int(unit(number, 1) * 4)).map { unit(number, 2 + UInt64($0)) })
        case .truncate(let p):
            guard count > 0, unit(number, 0) < p else { break }
            passage.truncate(to: Int(unit(number, 1) * Double(count)))
        case .cut: passage.isCut = true
        case .hold: passage.heldUntil = max(passage.heldUntil, until)
        case .mtu(let bytes): if count > bytes { passage.isTooLarge = true }
        case .rate(let rate, let queueBytes): passage.rate = (rate, Double(queueBytes))
        case .reset(let p): if unit(number, 0) < p { passage.cutOff = unit(number, 1) }
        case .drop, .full, .enobufs, .peerFull, .unreachable, .slow, .pause, .crash: break
        }
    }
}
