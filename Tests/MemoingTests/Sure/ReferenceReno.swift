import Doing

/// A sender of RFC 9002 beside which ours is measured: written from its appendices A and B, in bytes, with nothing of
/// ours in it. It always has more to send; each packet is acknowledged by itself.
struct ReferenceReno {
    private struct Sent {
        var number: UInt64
        var at: Tyme
    }

    static let datagram = 1240
    /// §7.2: ten datagrams, and two at least.
    private var window = 10 * Double(datagram)
    private var threshold = Double.infinity
    private var recoveryStart: Tyme?
    private var sent: [Sent] = []
    private var next: UInt64 = 0
    private var greatestAcked: UInt64?
    private var smoothed: Tyme?
    private var variation: Tyme = 0
    private var latest: Tyme = 0
    private var timeouts = 0
    private var lastSent: Tyme = 0
    /// What pacing allows (§7.7), in bytes, and when that was worked out.
    private var allowance = 10 * Double(datagram)
    private var filledAt: Tyme = 0
    private(set) var acknowledged = 0

    private var underWay: Double { Double(sent.count * Self.datagram) }

    /// Packets that may leave at `tyme`, by number.
    mutating func poll(at tyme: Tyme) -> [UInt64] {
        detectLosses(at: tyme)
        if let first = sent.first, tyme >= max(first.at, lastSent) + timeout { probe(at: tyme) }
        if let smoothed {
            allowance = min(
                10 * Double(Self.datagram), allowance + (tyme - filledAt) * 1.25 * window / max(smoothed, 0.001))
        }
        filledAt = tyme
        var numbers: [UInt64] = []
        while underWay + Double(Self.datagram) <= window, smoothed == nil || allowance >= Double(Self.datagram) {
            allowance -= Double(Self.datagram)
            numbers.append(send(at: tyme))
        }
        return numbers
    }

    private mutating func send(at tyme: Tyme) -> UInt64 {
        sent.append(Sent(number: next, at: tyme))
        lastSent = tyme
        next += 1
        return next - 1
    }

    /// §6.2: with the time doubled for each in a row. What is under way is sent anew; three in a row are §7.6.
    private mutating func probe(at tyme: Tyme) {
        timeouts += 1
        sent.removeAll()
        if timeouts >= 3 { window = 2 * Double(Self.datagram) }
        lastSent = tyme
    }

    private var timeout: Tyme {
        ((smoothed ?? 0.333) + max(4 * (smoothed == nil ? 0.166 : variation), 0.001) + 0.025)
            * Double(1 << min(timeouts, 6))
    }

    mutating func acknowledge(_ number: UInt64, at tyme: Tyme) {
        timeouts = 0
        guard let place = sent.firstIndex(where: { $0.number == number }) else { return }
        let packet = sent.remove(at: place)
        acknowledged += 1
        greatestAcked = max(greatestAcked ?? 0, number)
        latest = tyme - packet.at
        if let before = smoothed {
            variation = 0.75 * variation + 0.25 * abs(before - latest)
            smoothed = 0.875 * before + 0.125 * latest
        } else {
            (smoothed, variation) = (latest, latest / 2)
        }
        if packet.at > recoveryStart ?? -1 {
            let length = Double(Self.datagram)
            window += window < threshold ? length : length * length / window
        }
        detectLosses(at: tyme)
    }

    /// §6.1: three later ones acknowledged, or 9/8 of a round trip.
    private mutating func detectLosses(at tyme: Tyme) {
        guard let greatestAcked else { return }
        let late = tyme - 9 / 8 * max(smoothed ?? 0, latest)
        let lost = sent.filter { $0.number < greatestAcked && ($0.number + 3 <= greatestAcked || $0.at <= late) }
        guard let last = lost.map(\.at).max() else { return }
        sent.removeAll { packet in lost.contains { $0.number == packet.number } }
        guard last > recoveryStart ?? -1 else { return }
        recoveryStart = tyme
        window = max(window / 2, 2 * Double(Self.datagram))
        threshold = window
    }
}
