import Doing

extension Fault: LosslessStringConvertible {
    /// Reads what ``description`` writes; nil if it is no fault. ``init(parsing:)`` says why.
    public init?(_ description: String) {
        guard let fault = try? Fault(parsing: description) else { return nil }
        self = fault
    }

    /// Reads one fault.
    ///
    /// - Throws: ``FaultError`` naming the word that is wrong.
    public init(parsing text: some StringProtocol) throws(FaultError) {
        var words = FaultWords(text)
        let effect = try words.effect()
        let place = try words.place(for: effect)
        let (from, until) = try words.window()
        let number = try words.number()
        try words.finish()
        self.init(effect, place, from: from, until: until, number: number)
    }

    /// The shortest text that reads as this fault; the number is left out if it is 0.
    public var description: String { text(withNumber: number != 0) }

    func text(withNumber: Bool) -> String {
        var text = effect.description
        if place != .everywhere { text += " \(place)" }
        if from != 0 || until != .infinity { text += " \(brief(from)).." + (until == .infinity ? "" : brief(until)) }
        if withNumber { text += " #\(number)" }
        return text
    }

    /// Whether its figures can be used, as a text's are when it is read.
    ///
    /// - Throws: ``FaultError`` naming the one that cannot.
    public func check() throws(FaultError) { _ = try Fault(parsing: description) }
}

extension Fault.Effect: CustomStringConvertible {
    /// The words that it is written with.
    public var description: String {
        switch self {
        case .loss(let p): "loss \(brief(p))"
        case .burst(let burst): "burst \(brief(burst.enter)) \(brief(burst.leave)) \(brief(burst.loss))"
        case .duplicate(let p): "duplicate \(brief(p))"
        case .reorder(let p, let by): "reorder \(brief(p)) \(brief(by))"
        case .corrupt(let p): "corrupt \(brief(p))"
        case .truncate(let p): "truncate \(brief(p))"
        case .delay(let span, let jitter): "delay \(brief(span)) \(brief(jitter))"
        case .cut: "cut"
        case .hold: "hold"
        case .drop(let count, let kind): "drop \(count) \(kind)"
        case .mtu(let bytes): "mtu \(bytes)"
        case .rate(let rate, let queueBytes): "rate \(brief(rate)) \(queueBytes)"
        case .full: "full"
        case .enobufs: "enobufs"
        case .peerFull: "peerfull"
        case .unreachable: "unreachable"
        case .reset(let p): "reset \(brief(p))"
        case .slow(let rate, let measure): "slow \(brief(rate)) \(measure.rawValue)"
        case .pause: "pause"
        case .crash: "crash"
        }
    }
}

extension Fault.Place: CustomStringConvertible {
    /// `*`, `red>blu`, `red|blu` or `red`.
    public var description: String {
        switch self {
        case .everywhere: "*"
        case .way(let from, let to): "\(from ?? "*")>\(to ?? "*")"
        case .between(let one, let other): "\(one)|\(other)"
        case .host(let name): name
        }
    }
}

/// A number without a needless `.0`.
private func brief(_ value: Double) -> String {
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
