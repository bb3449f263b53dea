import Doing

extension FaultPlan {
    /// A plan by chance, the same for the same arguments for ever.
    ///
    /// Windows lie between 0 and `until`, on whole milliseconds, and all of them end: after `until` nothing goes wrong
    /// any more. Probabilities are at most one half, held-up datagrams and delays at most a fifth of a second.
    ///
    /// - Parameters:
    ///   - seed: what it is drawn from.
    ///   - hosts: the names of the hosts, at least one.
    ///   - until: when all is well again, in seconds, at least 0.01.
    ///   - most: faults at most; there is at least one.
    ///   - crashes: whether hosts pause and crash; they must be scheduled then.
    ///   - refusals: whether sends are refused and readers slow.
    ///   - resets: whether byte streams are reset.
    public static func random(
        seed: UInt64, hosts: [String], until: Tyme, most: Int = 6, crashes: Bool = false, refusals: Bool = true,
        resets: Bool = false
    ) -> FaultPlan {
        precondition(!hosts.isEmpty, "a random plan without hosts")
        precondition(until >= 0.01 && until <= 1e9, "a random plan until \(until) s: expected 0.01 to 1e9")
        precondition((1...limit).contains(most), "a random plan of \(most) faults at most: expected 1 to \(limit)")
        var dice = PlanDice(Xoshiro256(seed: StreamSeed.mix(seed, 0x706C_616E)), hosts: hosts, until: until)
        let count = 1 + dice.random.below(most)
        let faults = (1...count).map { dice.fault(number: $0, crashes, refusals, resets) }
        return try! FaultPlan(faults)
    }
}

/// Draws faults.
private struct PlanDice {
    var random: Xoshiro256
    let hosts: [String]
    let until: Tyme

    init(_ random: Xoshiro256, hosts: [String], until: Tyme) {
        self.random = random
        self.hosts = hosts
        self.until = until
    }

    /// One to `most` thousandths.
    private mutating func thousandths(_ most: Int) -> Double { Double(1 + random.below(most)) / 1000 }

    mutating func fault(number: Int, _ crashes: Bool, _ refusals: Bool, _ resets: Bool) -> Fault {
        let effect = effect(crashes, refusals, resets)
        let place = effect.isOfHosts ? .host(host()) : place()
        let last = Int(until * 1000)
        let from = random.below(last)
        let end = from + 1 + random.below(last - from)
        return Fault(effect, place, from: Double(from) / 1000, until: Double(end) / 1000, number: number)
    }

    private mutating func host() -> String { hosts[random.below(hosts.count)] }

    private mutating func place() -> Fault.Place {
        guard hosts.count > 1, random.below(4) > 0 else { return .everywhere }
        let one = random.below(hosts.count)
        let other = (one + 1 + random.below(hosts.count - 1)) % hosts.count
        return random.below(2) == 0 ? .between(hosts[one], hosts[other]) : .way(from: hosts[one], to: hosts[other])
    }

    private mutating func effect(_ crashes: Bool, _ refusals: Bool, _ resets: Bool) -> Fault.Effect {
        let others = 10 + (refusals ? 4 : 0) + (crashes ? 2 : 0)
        return switch random.below(others + (resets ? 1 : 0)) {
        case others: .reset(thousandths(100))
        case 0: .loss(thousandths(500))
        case 1: .burst(BurstLoss(enter: thousandths(100), leave: thousandths(500), loss: 1))
        case 2: .duplicate(thousandths(500))
        case 3: .reorder(thousandths(500), by: thousandths(200))
        case 4: .corrupt(thousandths(300))
        case 5: .truncate(thousandths(300))
        case 6: .delay(thousandths(200), jitter: thousandths(200))
        case 7: .cut
        case 8: .hold
        case 9: .drop(1 + random.below(20), kind: DatagramKind.any)
        case 10 where refusals: .full
        case 11 where refusals: .peerFull
        case 12 where refusals: .enobufs
        case 13 where refusals: .slow(Double(10 + random.below(1000)), .datagrams)
        case let drawn: drawn % 2 == 0 ? .pause : .crash
        }
    }
}
