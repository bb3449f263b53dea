import CSockets
import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

/// A pipe whose reading end is the input of a console.
private struct Input {
    let readEnd, writeEnd: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    func write(_ bytes: [UInt8]) {
        let count = bytes.withUnsafeBytes { Foundation.write(writeEnd, $0.baseAddress, $0.count) }
        precondition(count == bytes.count)
    }

    func write(_ text: String) { write(Array(text.utf8)) }
}

/// What a console told, under a doist in real time.
private final class Session {
    private(set) var events: [ConsoleEvent] = []
    private(set) var console: Console!
    private(set) var doist: Doist!

    init(_ descriptor: Int32, lineLimit: Int = 64, pace: (any Pace)? = RealPace()) throws {
        console = Console(descriptor: descriptor, lineLimit: lineLimit) { [unowned self] event, _ in
            events.append(event)
        }
        doist = try Doist(pace: pace, doers: [console])
    }

    /// Turns until `isOver`, or for two seconds.
    func turn(until isOver: (Session) -> Bool) throws {
        let start = now()
        repeat {
            _ = try doist.turn()
            if isOver(self) { return }
            try doist.pace?.poll(until: now() + 0.01, block: true)
        } while now() - start < 2
        Issue.record("not within two seconds: \(events)")
    }
}

/// Seconds on the monotonic clock.
private func now() -> Double { Double(csk_now()) * 1e-9 }

@Suite("a console that never waits", .timeLimit(.minutes(5))) struct ConsoleTests {
    @Test("lines come as they are typed, and the last one without a line feed at the end")
    func lines() throws {
        let input = Input()
        defer { close(input.readEnd) }
        let session = try Session(input.readEnd)
        input.write("one\ntwo\r\n\nhal")
        try session.turn { $0.events.count == 3 }
        #expect(session.events == [.line("one"), .line("two\r"), .line("")])
        input.write("f\nünd")
        try session.turn { $0.events.count == 4 }
        close(input.writeEnd)
        try session.turn { $0.console.isDone }
        #expect(session.events.suffix(3) == [.line("half"), .line("ünd"), .end(code: nil)])
    }

    @Test("it sleeps while nothing is typed: no pass runs it, and input ends the sleep")
    func sleeps() throws {
        let input = Input()
        defer { close(input.readEnd) }
        let session = try Session(input.readEnd)
        try session.turn { $0.console.nextTyme == .infinity }
        #expect(waitReadable(session.doist.pace!.descriptor, 0) == 0)
        input.write("x\n")
        #expect(waitReadable(session.doist.pace!.descriptor, 1_000_000_000) == 1)
        close(input.writeEnd)
        try session.turn { $0.console.isDone }
        #expect(session.events == [.line("x"), .end(code: nil)])
    }

    @Test("a line above the limit is told of once, with its length, and the next line comes through")
    func tooLong() throws {
        let input = Input()
        let session = try Session(input.readEnd, lineLimit: 8)
        input.write("12345678\n123456789\n" + String(repeating: "y", count: 20_000) + "\nok\n1234567890")
        close(input.writeEnd)
        try session.turn { $0.console.isDone }
        #expect(
            session.events == [
                .line("12345678"), .tooLong(bytes: 9), .tooLong(bytes: 20_000), .line("ok"), .tooLong(bytes: 10),
                .end(code: nil),
            ])
        close(input.readEnd)
    }

    @Test("bytes that are no UTF-8 are handed on as bytes, and a letter cut by two reads is whole")
    func notText() throws {
        let input = Input()
        defer { close(input.readEnd) }
        let session = try Session(input.readEnd)
        input.write([0xFF, 0x41, 0x0A, 0xC3])
        try session.turn { $0.events.count == 1 }
        input.write([0xBC, 0x0A])
        close(input.writeEnd)
        try session.turn { $0.console.isDone }
        #expect(session.events == [.notText([0xFF, 0x41]), .line("ü"), .end(code: nil)])
    }

    @Test("a regular file is read to its end, and from where it stood")
    func file() throws {
        try withDirectory { directory in
            let path = directory + "/input"
            let text = (0..<40_000).map { "line \($0)\n" }.joined()
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let descriptor = open(path, O_RDONLY)
            defer { close(descriptor) }
            lseek(descriptor, 7, SEEK_SET)
            let session = try Session(descriptor)
            try session.turn { $0.console.isDone }
            #expect(session.events.count == 40_000)
            #expect(session.events.first == .line("line 1") && session.events.last == .end(code: nil))
        }
    }

    @Test("without a pace it looks in every tick")
    func simulated() throws {
        let input = Input()
        defer { close(input.readEnd) }
        let session = try Session(input.readEnd, pace: nil)
        try session.doist.enter()
        try session.doist.recur()
        #expect(session.events == [])
        input.write("a\n")
        try session.doist.recur()
        close(input.writeEnd)
        try session.doist.recur()
        #expect(session.events == [.line("a"), .end(code: nil)])
        #expect(session.console.isDone)
    }

    @Test("a closed descriptor is the end, with its error number")
    func closed() throws {
        let input = Input()
        close(input.writeEnd)
        close(input.readEnd)
        let session = try Session(9999)
        try session.turn { $0.console.isDone }
        #expect(session.events == [.end(code: EBADF)])
    }

    @Test("paused, it reads nothing and turns no loop; then it reads what has come meanwhile")
    func paused() throws {
        let input = Input()
        let session = try Session(input.readEnd)
        try session.turn { $0.console.nextTyme == .infinity }
        session.console.isPaused = true
        _ = try session.doist.turn()
        input.write("later\n")
        _ = try session.doist.turn()
        #expect(session.events == [] && waitReadable(session.doist.pace!.descriptor, 0) == 0)
        session.console.isPaused = false
        try session.turn { $0.events == [.line("later")] }
        try session.doist.exit()
        close(input.writeEnd)
        close(input.readEnd)
    }

    @Test("neither the flags of the descriptor change nor does anything stay open")
    func flags() throws {
        let input = Input()
        let flags = fcntl(input.readEnd, F_GETFL)
        for _ in 0..<2 {
            let session = try Session(input.readEnd, pace: nil)
            try session.doist.enter()
            try session.doist.recur()
            #expect(fcntl(input.readEnd, F_GETFL) == flags)
            try session.doist.exit()
        }
        #expect(fcntl(input.readEnd, F_GETFL) == flags && flags & O_NONBLOCK == 0)
        close(input.readEnd)
        var end = pollfd(fd: input.writeEnd, events: 0, revents: 0)
        #expect(poll(&end, 1, 0) == 1 && end.revents & Int16(POLLERR) != 0)  // nobody reads any more
        close(input.writeEnd)
    }

    #if os(Linux)
        /// A terminal without a screen: the end that types, and the end that reads.
        private func terminalPair() throws -> (master: Int32, slave: Int32) {
            let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
            var (unlocked, number): (Int32, UInt32) = (0, 0)
            try #require(master >= 0)
            try #require(ioctl(master, 0x4004_5431, &unlocked) == 0)  // TIOCSPTLCK
            try #require(ioctl(master, 0x8004_5430, &number) == 0)  // TIOCGPTN
            let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
            try #require(slave >= 0)
            return (master, slave)
        }

        @Test("a terminal gives its lines, its end on control-D, and keeps its settings")
        func terminal() throws {
            let (master, slave) = try terminalPair()
            defer {
                close(slave)
                close(master)
            }
            var settings = termios()
            tcgetattr(slave, &settings)
            let session = try Session(slave)
            #expect(session.console.isTerminal)
            _ = write(master, "hello\nwor", 9)
            try session.turn { $0.events == [.line("hello")] }
            _ = write(master, "ld\n\u{4}", 4)
            try session.turn { $0.console.isDone }
            #expect(session.events == [.line("hello"), .line("world"), .end(code: nil)])
            var after = termios()
            tcgetattr(slave, &after)
            #expect(after.c_lflag == settings.c_lflag && after.c_iflag == settings.c_iflag)
            #expect(fcntl(slave, F_GETFL) & O_NONBLOCK == 0)
        }
    #endif
}
