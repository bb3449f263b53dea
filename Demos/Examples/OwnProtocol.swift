import Doing
import Wiring

/// Questions and answers. A datagram is a kind (0 a question, 1 its answer), a number of four bytes, and the text.
/// A question is repeated every second until its answer comes.
struct Asker: DatagramCore {
    struct Answer: Equatable { let number: UInt32, text: String }
    private var open: [(number: UInt32, datagram: [UInt8], peer: Address)] = []
    private var asked: UInt32 = 0
    private var answers: [Answer] = []
    private var queue = DatagramQueue()
    private var deadlines = Deadlines<UInt32>()
    private var now: Tyme = 0
    /// What a question is answered with.
    var answer: (String) -> String = { $0 }

    @discardableResult mutating func ask(_ text: String, of peer: Address) -> UInt32 {
        asked += 1
        open.append((asked, Self.datagram(0, asked, text), peer))
        deadlines.set(asked, at: now)
        return asked
    }

    private static func datagram(_ kind: UInt8, _ number: UInt32, _ text: String) -> [UInt8] {
        var bytes = [kind]
        bytes.append(bigEndian: number)
        return bytes + Array(text.utf8)
    }

    mutating func opened(_ limits: TrainLimits, at tyme: Tyme) { queue.opened(limits) }
    mutating func tick(at tyme: Tyme) { now = tyme }
    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        train.forEachDatagram(of: bytes) { datagram in
            guard let number = datagram.bigEndian(UInt32.self, at: 1) else { return }
            let text = String(decoding: [UInt8](datagram.extracting(5..<datagram.byteCount)), as: UTF8.self)
            if datagram.byte(at: 0) == 0 {
                queue.append(Self.datagram(1, number, answer(text)), to: train.peer)
            } else if let place = open.firstIndex(where: { $0.number == number && $0.peer == train.peer }) {
                open.remove(at: place)
                deadlines.cancel(number)
                answers.append(Answer(number: number, text: text))
            }
        }
    }
    mutating func expire(at tyme: Tyme) {
        while let number = deadlines.popDue(at: tyme), let question = open.first(where: { $0.number == number }) {
            queue.append(question.datagram, to: question.peer)
            deadlines.set(number, at: tyme + 1)
        }
    }
    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        queue.poll(into: &out, limits)
    }
    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) { queue.sent(sending, train) }
    mutating func unblock() { queue.unblock() }
    var isBlocked: Bool { queue.isBlocked }
    var wakeTyme: Tyme? { queue.isReady ? now : deadlines.first }
    mutating func pollEvent() -> Answer? { answers.isEmpty ? nil : answers.removeFirst() }
    var hasEvents: Bool { !answers.isEmpty }
}
