import CSockets
import Doing
import Foundation
import Testing
import Wiring

@testable import Sockets

@Suite("UDP peers on real sockets", .timeLimit(.minutes(5))) struct UDPPeerTests {
    private func pair(
        _ address: Address = anyPort, _ options: UDPPeer.Options = .init()
    ) throws -> (UDPPeer, UDPPeer) {
        let red = try UDPPeer(address, name: "red", options: options)
        let blu = try UDPPeer(address, name: "blu", options: options)
        try red.open()
        try blu.open()
        return (red, blu)
    }

    @Test("a datagram arrives with its bytes and its sender's address", arguments: ["127.0.0.1", "::1"])
    func single(host: String) throws {
        var (red, blu) = try pair(Address(host: host, port: 0))
        #expect(red.address.port != 0 && red.address.host == host)
        #expect(try red.send(pattern(100), to: blu.address) == Sending(taken: 100))
        #expect(try blu.next() == Received(bytes: pattern(100), peer: red.address, segment: 100))
        #expect(try blu.now() == nil)
        #expect(red.statistics.sent.datagrams == 1 && blu.statistics.received.bytes == 100)
    }

    @Test("an empty datagram is one, and the next is not lost behind it")
    func empty() throws {
        var (red, blu) = try pair()
        #expect(try red.send([], to: blu.address) == Sending(taken: 0))
        #expect(try red.send([7], to: blu.address) == Sending(taken: 1))
        #expect(try blu.next() == Received(bytes: [], peer: red.address, segment: 0))
        #expect(try blu.next() == Received(bytes: [7], peer: red.address, segment: 1))
    }

    @Test("a train of 52 datagrams leaves in one call, arrives as one, and is split by its segment")
    func train() throws {
        var (red, blu) = try pair()
        let bytes = pattern(51 * 1240 + 17)
        #expect(try red.send(bytes, to: blu.address, segment: 1240) == Sending(taken: bytes.count))
        #expect(red.statistics.sent.datagrams == 52 && red.statistics.sent.trains == 1)
        #expect(try blu.next() == Received(bytes: bytes, peer: red.address, segment: 1240))
        #expect(blu.statistics.received.datagrams == 52 && blu.statistics.received.trains == 1)
    }

    @Test("more than a train can carry goes as several: 64 datagrams and 65,472 bytes each at most")
    func longTrains() throws {
        var (red, blu) = try pair()
        #expect(try red.send(pattern(130 * 10), to: blu.address, segment: 10) == Sending(taken: 1300))
        #expect(red.statistics.sent.trains == 3)
        var all: [UInt8] = []
        while all.count < 1300, let some = try blu.next() { all += some.bytes }
        #expect(all == pattern(1300))

        #expect(try red.send(pattern(65_536), to: blu.address, segment: 1024) == Sending(taken: 65_536))
        #expect(red.statistics.sent.trains == 5)
        #expect(try blu.next()?.bytes.count == 63 * 1024)
        #expect(try blu.next()?.bytes.count == 1024)
    }

    @Test("without bursts the same train goes and comes datagram by datagram")
    func noBursts() throws {
        var (red, blu) = try pair(anyPort, .init(usesBursts: false))
        #expect(try red.send(pattern(5 * 100 + 1), to: blu.address, segment: 100) == Sending(taken: 501))
        var sizes: [Int] = []
        while let some = try (sizes.count < 6 ? blu.next() : blu.now()) { sizes.append(some.bytes.count) }
        #expect(sizes == [100, 100, 100, 100, 100, 1])
        #expect(red.statistics.sent.trains == 6)
    }

    @Test("a train from a peer with bursts reaches one without, datagram by datagram")
    func mixed() throws {
        var (red, _) = try pair()
        var (blu, _) = try pair(anyPort, .init(usesBursts: false))
        _ = try red.send(pattern(300), to: blu.address, segment: 100)
        for _ in 0..<3 { #expect(try blu.next()?.bytes.count == 100) }
        #expect(red.statistics.sent.trains == 1)
    }

    @Test("the largest datagram goes; one byte more is refused as too large and never blocks")
    func largest() throws {
        var (red, blu) = try pair(anyPort, .init(maximumDatagramSize: UDPPeer.largest))
        #expect(red.limits.bytes == 65_507 && red.limits.datagram == 65_507)
        #expect(try red.send(pattern(65_507), to: blu.address) == Sending(taken: 65_507))
        #expect(try blu.next()?.bytes == pattern(65_507))
        #expect(try red.send(pattern(65_508), to: blu.address) == Sending(taken: 0, .refused(Refusal(.tooLarge))))
        #expect(red.statistics.refused == 1)
    }

    @Test("a datagram longer than accepted is dropped and counted, and the one behind it comes through")
    func tooLong() throws {
        var (red, blu) = try pair(anyPort, .init(acceptsUpTo: 100))
        _ = try red.send(pattern(101), to: blu.address)
        _ = try red.send(pattern(100), to: blu.address)
        #expect(try blu.next()?.bytes == pattern(100))
        #expect(blu.statistics.truncated == 1 && blu.statistics.received.datagrams == 1)
    }

    @Test("a datagram that does not fit the lent room is dropped and counted")
    func smallRoom() throws {
        var (red, blu) = try pair()
        _ = try red.send(pattern(101), to: blu.address)
        _ = try red.send(pattern(100), to: blu.address)
        #expect(try blu.next(Burst(capacity: 100))?.bytes == pattern(100))
        #expect(blu.statistics.truncated == 1)
    }

    @Test("a port in use is an error that names the address and the error number")
    func portInUse() throws {
        let (red, _) = try pair()
        let second = try UDPPeer(red.address, name: "second")
        let error = #expect(throws: TransportError.self) { try second.open() }
        #expect(
            error
                == .system(
                    call: "bind", code: EADDRINUSE, reason: "Address already in use",
                    subject: "UDP peer second at \(red.address)"))
        #expect(!second.isOpen && second.descriptor == nil && second.readiness == .polled)
    }

    @Test("two peers that both ask for it share a port")
    func sharedPort() throws {
        let first = try UDPPeer(anyPort, options: .init(sharesPort: true))
        try first.open()
        let second = try UDPPeer(first.address, options: .init(sharesPort: true))
        try second.open()
        #expect(first.address == second.address)
    }

    @Test("on the address of every interface an IPv4 sender has its IPv4 address, and is answered")
    func dualStack() throws {
        var any = try UDPPeer(host: "::", port: 0)
        var four = try UDPPeer(anyPort)
        try any.open()
        try four.open()
        _ = try four.send([1], to: Address.ip4(0x7F00_0001, port: any.address.port))
        #expect(try any.next()?.peer == four.address)
        #expect(try any.send([2], to: four.address) == Sending(taken: 1))
        #expect(try four.next()?.bytes == [2])
    }

    @Test("an IPv4 socket refuses an IPv6 address, a Unix path and nobody without asking the system")
    func otherFamilies() throws {
        var (red, _) = try pair()
        for peer in [Address.ip6(0, 1, port: 9), .unix(1), .none, .host(3)] {
            #expect(try red.send([1], to: peer) == Sending(taken: 0, .refused(Refusal(.badAddress))))
        }
    }

    @Test("sending to a broadcast address is denied without the option and allowed with it")
    func broadcast() throws {
        let everyone = Address.ip4(0x7FFF_FFFF, port: 9)
        var (plain, _) = try pair()
        #expect(try plain.send([1], to: everyone) == Sending(taken: 0, .refused(Refusal(.denied, code: EACCES))))
        var (loud, _) = try pair(anyPort, .init(broadcast: true))
        #expect(try loud.send([1], to: everyone) == Sending(taken: 1))
    }

    @Test("a route that does not exist and port 0 are refused, and the peer goes on")
    func refusals() throws {
        var (red, blu) = try pair()
        #expect(
            try red.send([1], to: .ip4(0x7F00_0001, port: 0)).outcome == .refused(Refusal(.badAddress, code: EINVAL)))
        #expect(try red.send([1], to: blu.address) == Sending(taken: 1))
        #expect(try red.send([1], to: .ip4(0x7F00_0001, port: 9)) == Sending(taken: 1))  // closed port: no error
    }

    @Test("buffer sizes are asked for and told; closed there are none")
    func buffers() throws {
        let peer = try UDPPeer(anyPort, options: .init(sendBufferSize: 100_000, receiveBufferSize: 50_000))
        #expect(peer.actualBufferSizes == nil)
        try peer.open()
        #expect(try #require(peer.actualBufferSizes).send >= 100_000)
        #expect(try #require(peer.actualBufferSizes).receive >= 50_000)
    }

    @Test(
        "values that cannot be are refused by name",
        arguments: [
            (UDPPeer.Options(maximumDatagramSize: 0), "maximumDatagramSize 0: expected 1...65507"),
            (UDPPeer.Options(maximumDatagramSize: 65_508), "maximumDatagramSize 65508: expected 1...65507"),
            (UDPPeer.Options(acceptsUpTo: 65_536), "acceptsUpTo 65536: expected 1...65535"),
            (UDPPeer.Options(sendBufferSize: 0), "sendBufferSize 0: expected 1...1073741824"),
            (UDPPeer.Options(receiveBufferSize: -1), "receiveBufferSize -1: expected 1...1073741824"),
        ])
    func badValues(options: UDPPeer.Options, text: String) {
        let error = #expect(throws: TransportError.self) { try UDPPeer(anyPort, options: options) }
        #expect(error?.description == text)
    }

    @Test("a host name is not an address but localhost, and a Unix address is none for UDP")
    func badAddresses() {
        #expect(throws: TransportError.self) { try UDPPeer(host: "example.org", port: 0) }
        #expect(throws: Never.self) { try UDPPeer(host: "localhost", port: 0) }
        #expect(throws: TransportError.self) { try UDPPeer(.unix(1)) }
    }

    @Test("names are resolved apart, to numeric addresses with the port")
    func resolve() throws {
        let found = try UDPPeer.resolve("localhost", port: 77)
        #expect(found.contains(.ip4(0x7F00_0001, port: 77)) || found.contains(.ip6(0, 1, port: 77)))
        #expect(throws: TransportError.self) { try UDPPeer.resolve("no.such.name.invalid", port: 1) }
    }

    @Test("open and close repeat without harm, and used while closed it says so")
    func lifecycle() throws {
        var peer = try UDPPeer(anyPort, name: "p")
        let before = openDescriptors()
        try peer.open()
        let descriptor = try #require(peer.descriptor)
        try peer.open()
        #expect(peer.descriptor == descriptor)
        peer.close()
        peer.close()
        #expect(openDescriptors() <= before + 64)
        #expect(throws: TransportError.notOpen(subject: "UDP peer p")) { try peer.now() }
        #expect(throws: TransportError.notOpen(subject: "UDP peer p")) { try peer.send([1], to: peer.address) }
        try peer.reopen()
        #expect(peer.isOpen)
    }

    @Test("a peer whose descriptor is no socket any more opens another, at its port, under another number")
    func reopensOnce() throws {
        var (red, blu) = try pair()
        let address = blu.address
        let old = try #require(blu.descriptor)
        loseSocket(old)
        #expect(try blu.now() == nil)
        #expect(blu.address == address && blu.descriptor != old)
        _ = try red.send([5], to: address)
        #expect(try blu.next()?.bytes == [5])
        let second = try #require(blu.descriptor)
        loseSocket(second)
        #expect(try blu.send([6], to: red.address) == Sending(taken: 1))
        #expect(try red.next()?.peer == address)
        close(old)
        close(second)
    }
}
