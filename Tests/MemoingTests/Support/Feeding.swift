import Doing
import Memoing
import Wiring

extension Memoer {
    /// One datagram, and then the timers, as in a pass.
    mutating func feed(_ gram: [UInt8], from source: Address = .host(1), at tyme: Tyme = 0) {
        tick(at: tyme)
        handle(gram.span.bytes, Train(peer: source, segment: gram.count), at: tyme)
        expire(at: tyme)
    }

    /// Each gram as a datagram of its own.
    mutating func feed(_ grams: [[UInt8]], from source: Address = .host(1), at tyme: Tyme = 0) {
        for gram in grams { feed(gram, from: source, at: tyme) }
    }

    /// All memos out of the inbox.
    mutating func received() -> [Memo] {
        var memos: [Memo] = []
        while let memo = inbox.popFirst() { memos.append(memo) }
        return memos
    }

    /// All events.
    mutating func events() -> [MemoerEvent] {
        var events: [MemoerEvent] = []
        while let event = pollEvent() { events.append(event) }
        return events
    }

    /// The next train, cut into its datagrams; not committed.
    mutating func pollTrain(_ limits: TrainLimits, at tyme: Tyme = 0) -> (train: Train, grams: [[UInt8]])? {
        let burst = Burst(capacity: max(limits.bytes, limits.datagram))
        expire(at: tyme)
        return burst.lend { out in
            guard let train = poll(into: &out, limits, at: tyme) else { return nil }
            var grams: [[UInt8]] = []
            train.forEachDatagram(of: out.bytes) { gram in
                grams.append(gram.withUnsafeBytes { Array($0) })
            }
            return (train, grams)
        }
    }

    /// All that is to be sent, taken as it comes, by destination and gram.
    mutating func drain(
        _ limits: TrainLimits = TrainLimits(segments: 64, bytes: 65472, datagram: 65507), at tyme: Tyme = 0
    ) -> [(to: Address, gram: [UInt8])] {
        var all: [(to: Address, gram: [UInt8])] = []
        while let (train, grams) = pollTrain(limits, at: tyme) {
            all += grams.map { (train.peer, $0) }
            sent(Sending(taken: grams.reduce(0) { $0 + $1.count }), train, at: tyme)
        }
        return all
    }
}
