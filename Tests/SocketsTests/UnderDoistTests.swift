import CSockets
import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

/// What goes wrong between a poller, its doers and their descriptors if nobody looks.
@Suite("peers under a doist in real time", .serialized, .timeLimit(.minutes(5))) struct UnderDoistTests {
    private let clock = RealPace()

    private func unixDoer(_ path: String) throws -> CoreDoer<TestCore, UXDPeer> {
        CoreDoer(TestCore(), over: try UXDPeer(at: UXDPath(path)))
    }

    /// Turns until `isDone`, sleeping in between, at most two seconds.
    private func turn(_ doist: Doist, until isDone: () -> Bool) throws {
        let end = clock.now() + 2
        while !isDone(), clock.now() < end {
            let wait = try doist.turn().wait ?? .infinity
            if isDone() { return }
            try doist.pace?.poll(until: min(clock.now() + wait, end), block: true)
        }
    }

    @Test("a train to a full receiver goes on as it reads, while another receiver gets its datagrams at once")
    func fullReceiver() throws {
        try withDirectory { directory in
            var slow = try UXDPeer(at: UXDPath(directory + "/slow"))
            var quick = try UXDPeer(at: UXDPath(directory + "/quick"))
            try slow.open()
            try quick.open()
            let red = try unixDoer(directory + "/red")
            let doist = try Doist(pace: RealPace(), doers: [red])
            _ = try doist.turn()
            for number in 0..<60 { red.core.queue.append((slow.address, [UInt8(number)])) }
            red.core.queue.append((quick.address, [99]))
            _ = try doist.turn()
            #expect(try quick.now()?.bytes == [99])
            #expect(red.core.isBlocked)

            // It sleeps while nothing changes, and wakes up as soon as the receiver reads.
            let used = csk_thread_cpu_time()
            try doist.pace?.poll(until: clock.now() + 0.1, block: true)
            #expect(Double(csk_thread_cpu_time() - used) * 1e-9 < 0.01)
            var got: [UInt8] = []
            let start = clock.now()
            try turn(doist) {
                while let some = try? slow.now() { got += some.bytes }
                return got.count == 60
            }
            #expect(got == Array(0..<60))
            #expect(clock.now() - start < 0.5, "\(clock.now() - start) s")
            try doist.exit()
        }
    }

    @Test("room that others had taken is noticed by the next tick, though no edge tells of it")
    func filledByOthers() throws {
        try withDirectory { directory in
            var slow = try UXDPeer(at: UXDPath(directory + "/slow"))
            var other = try UXDPeer(at: UXDPath(directory + "/other"))
            try slow.open()
            try other.open()
            #expect(try other.send(pattern(40), to: slow.address, segment: 1).outcome == .peerFull)
            let red = try unixDoer(directory + "/red")
            let doist = try Doist(pace: RealPace(), doers: [red])
            _ = try doist.turn()
            red.core.queue.append((slow.address, [200]))
            _ = try doist.turn()
            #expect(red.core.isBlocked)
            while try slow.now() != nil {}
            let start = clock.now()
            try turn(doist) { red.core.queue.isEmpty }
            #expect(red.core.queue.isEmpty)
            #expect(clock.now() - start < 0.2)
            #expect(try slow.now()?.bytes == [200])
            try doist.exit()
        }
    }

    @Test("a peer that had to open another descriptor is watched under the new one")
    func replacedDescriptor() throws {
        let red = try TestDoer(TestCore(), over: UDPPeer(anyPort))
        let doist = try Doist(pace: RealPace(), doers: [red])
        _ = try doist.turn()
        let old = try #require(red.wire.descriptor)
        loseSocket(old)
        defer { close(old) }
        var outside = try UDPPeer(anyPort)
        try outside.open()
        red.core.queue.append((outside.address, [1]))
        try turn(doist) { red.core.queue.isEmpty }
        #expect(red.wire.descriptor != old)
        _ = try outside.send([2], to: red.wire.address)
        try turn(doist) { !red.core.received.isEmpty }
        #expect(red.core.received.map(\.bytes) == [[2]])
        try doist.exit()
    }

    @Test("a descriptor number that comes back as another doer's wakes that one, and a late unwatch does not end it")
    func reusedNumber() throws {
        let poller = try Poller()
        let (old, new) = (Doer(), Doer())
        var kicker = csk_kicker(read_end: -1, write_end: -1)
        #expect(csk_kicker_open(&kicker) == 0)
        let number = kicker.read_end
        try poller.watch(number, old)
        // The old descriptor goes without an unwatch; another takes its number.
        var second = csk_kicker(read_end: -1, write_end: -1)
        #expect(csk_kicker_open(&second) == 0)
        #expect(dup2(second.read_end, number) == number)
        try poller.watch(number, new)
        poller.unwatch(number)  // the old doer's exit
        #expect(poller.watcher(of: number) === new)
        poller.unwatch(number)
        #expect(poller.watcher(of: number) == nil)
        csk_kicker_close(&kicker)
        csk_kicker_close(&second)
    }

    @Test("watching the same descriptor for another doer is a change, ended by one unwatch")
    func changedDoer() throws {
        let poller = try Poller()
        var kicker = csk_kicker(read_end: -1, write_end: -1)
        #expect(csk_kicker_open(&kicker) == 0)
        let doer = Doer()
        try poller.watch(kicker.read_end, Doer())
        try poller.watch(kicker.read_end, doer)
        #expect(poller.watcher(of: kicker.read_end) === doer)
        poller.unwatch(kicker.read_end)
        #expect(poller.watcher(of: kicker.read_end) == nil)
        csk_kicker_close(&kicker)
    }

    @Test("a closed descriptor whose socket somebody still holds does not turn the loop for ever")
    func ghost() throws {
        var outside = try UDPPeer(anyPort)
        try outside.open()
        let pace = RealPace()
        let peer = try UDPPeer(anyPort)
        try peer.open()
        try pace.watch(try #require(peer.descriptor), Doer())
        let held = dup(try #require(peer.descriptor))  // as a forked child would
        defer { close(held) }
        _ = try outside.send([1], to: peer.address)
        #expect(waitReadable(pace.descriptor, 1_000_000_000) == 1)
        let descriptor = try #require(peer.descriptor)
        loseSocket(descriptor)  // gone without an unwatch, and the number is taken
        defer { close(descriptor) }
        for _ in 0..<3 { try pace.poll(until: nil, block: false) }
        pace.unwatch(descriptor)
        for _ in 0..<3 { try pace.poll(until: nil, block: false) }
        #expect(waitReadable(pace.descriptor, 0) == 0)
    }

    @Test("a peer closed behind its doer's back ends that doer with an error, and the others go on")
    func closedBehind() throws {
        let red = try TestDoer(TestCore(), over: UDPPeer(anyPort))
        let blu = try TestDoer(TestCore(echoes: true), over: UDPPeer(anyPort))
        let doist = try Doist(pace: RealPace(), doers: [red, blu])
        _ = try doist.turn()
        red.wire.close()
        red.wake()
        _ = try doist.turn()
        var hasFailed = false
        if case .failed? = red.ending { hasFailed = true }
        #expect(hasFailed, "\(String(describing: red.ending))")
        var outside = try UDPPeer(anyPort)
        try outside.open()
        _ = try outside.send([3], to: blu.wire.address)
        try turn(doist) { !blu.core.received.isEmpty && blu.core.queue.isEmpty }
        #expect(try outside.next()?.bytes == [3])
        try doist.exit()
    }

    @Test("two doists in one process run on their own threads beside each other")
    func twoDoists() throws {
        let ended = DispatchSemaphore(value: 0)
        for _ in 0..<2 {
            Thread.detachNewThread {
                defer { ended.signal() }
                do {
                    let red = try TestDoer(TestCore(), over: UDPPeer(anyPort))
                    let blu = try TestDoer(TestCore(echoes: true), over: UDPPeer(anyPort))
                    let doist = try Doist(limit: 0.1, pace: RealPace(), doers: [red, blu])
                    try doist.enter()
                    for number in 0..<20 { red.core.queue.append((blu.wire.address, [UInt8(number)])) }
                    try doist.run()
                    #expect(red.core.received.map(\.bytes) == (0..<20).map { [UInt8($0)] })
                } catch {
                    Issue.record(error)
                }
            }
        }
        for _ in 0..<2 { ended.wait() }
    }

    @Test("a flood ends after the extra passes of a tick and does not starve another doer's ticks")
    func flood() throws {
        let red = try TestDoer(TestCore(echoes: true), over: UDPPeer(anyPort))
        let blu = try TestDoer(TestCore(echoes: true), over: UDPPeer(anyPort))
        var ticks = 0
        let counter = doify { _ in
            ticks += 1
            return .again
        }
        let doist = try Doist(tock: 0.02, limit: 0.4, pace: RealPace(), doers: [red, blu, counter])
        _ = try doist.turn()
        doist.extraPassLimit = 8  // few enough that a loaded machine spends them, too
        for _ in 0..<10 { red.core.queue.append((blu.wire.address, [1])) }  // they bounce for ever
        while try !doist.turn().isDone { try doist.pace?.poll(until: clock.now() + 0.02, block: true) }
        #expect((18...22).contains(ticks), "\(ticks)")
        #expect(doist.statistics.spentTicks > 0)
    }
}
