import Doing
import Testing
import Wiring

@testable import Memoing

/// An ack rides in the train of memos that goes to the same peer, so that an answer and the ack of what it answers are
/// one system call.
@Suite struct SureRideTests {
    /// Blu, which has taken a memo of red's and answers with `answers` of its own.
    private static func blu(answers: [String], size: Int = 100) throws -> Memoer {
        var red = try SureWorld.memoer(.red)
        var blu = try SureWorld.memoer(.blu, size: size, options: SureWorld.options(window: 16))
        try red.memoit("ask", to: .blu)
        blu.feed(red.out(at: 0), from: .red, at: 0)
        _ = blu.received()
        for answer in answers { try blu.memoit(answer, to: .red) }
        return blu
    }

    private static let limits = TrainLimits(segments: 64, bytes: 65_472, datagram: 65_507)

    @Test("a question's ack leaves behind the answer, in one train")
    func together() throws {
        var blu = try Self.blu(answers: ["answer"])
        let polled = blu.pollTrain(Self.limits, at: 0)
        let (train, grams) = try #require(polled)
        #expect(grams.map(line) == ["sure 0 of 1 answer", "ack 0"])
        #expect(train == Train(peer: .red, segment: 38))
        blu.sent(Sending(taken: 38 + 32), train, at: 0)
        #expect(blu.log(at: 0) == [])
        #expect(blu.sureStatistics.acksSent == 1 && blu.sureStatistics.inFlight == 1)
    }

    @Test("of a train that was taken in part the rest leaves later, and nothing twice")
    func inPart() throws {
        var blu = try Self.blu(answers: ["answer 1", "answer 2"])
        let polled = blu.pollTrain(Self.limits, at: 0)
        let (train, grams) = try #require(polled)
        #expect(grams.map(line) == ["sure 0 of 1 answer 1", "sure 0 of 1 answer 2", "ack 0"])
        blu.sent(Sending(taken: 40, .full), train, at: 0)
        #expect(blu.sureStatistics.inFlight == 1)
        blu.unblock()
        let again = blu.pollTrain(Self.limits, at: 0)
        let (rest, last) = try #require(again)
        #expect(last.map(line) == ["sure 0 of 1 answer 2", "ack 0"])
        blu.sent(Sending(taken: 40, .full), rest, at: 0)
        #expect(blu.sureStatistics.inFlight == 2)
        blu.unblock()
        #expect(blu.log(at: 0) == ["ack 0"])
    }

    @Test("an ack that the transport refuses is lost, and the memos before it are under way")
    func refused() throws {
        var blu = try Self.blu(answers: ["answer"])
        let polled = blu.pollTrain(Self.limits, at: 0)
        let (train, _) = try #require(polled)
        blu.sent(Sending(taken: 38, .refused(Refusal(.unreachable, code: 111))), train, at: 0)
        #expect(blu.log(at: 0) == [])
        #expect(blu.sureStatistics.inFlight == 1 && blu.outcomes() == [])
    }

    @Test("an ack waits for no memo that it does not fit behind: it goes alone the next time")
    func notBehind() throws {
        // The second gram of the memo is shorter, and ends the train.
        var blu = try Self.blu(answers: [String(repeating: "a", count: 78)])
        let polled = blu.pollTrain(Self.limits, at: 0)
        let (train, grams) = try #require(polled)
        #expect(grams.map(line) == ["sure 0 of 2", "sure 1"])
        try blu.memoit("more", to: .red)
        blu.sent(Sending(taken: grams.reduce(0) { $0 + $1.count }), train, at: 0)
        #expect(blu.log(at: 0) == ["ack 0", "sure 0 of 1 more"])
    }

    @Test("the ack of one peer rides with no memo of another's")
    func another() throws {
        var blu = try Self.blu(answers: [])
        try blu.memoit("other", to: .grn)
        #expect(blu.addressedLog(at: 0) == ["to red: ack 0", "to grn: sure 0 of 1 other"])
    }

    @Test("a transport that takes single datagrams gets the ack first, as a train of its own")
    func single() throws {
        var blu = try Self.blu(answers: ["answer"])
        let single = TrainLimits(segments: 1, bytes: 1240, datagram: 1240)
        #expect(blu.drain(single, at: 0).map { line($0.gram) } == ["ack 0", "sure 0 of 1 answer"])
    }
}
