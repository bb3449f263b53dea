import CBench
import DemoKit
import Doing
import Sockets
import Wiring

/// A protocol that sends equal datagrams to one peer, so many a pass, and counts what comes; or sends back what comes.
struct DatagramCounter: DatagramCore {
    typealias Event = Never

    let payload: [UInt8]
    let size: Int
    let peer: Address
    /// Datagrams that may still be sent in this pass.
    var allowance = 0
    /// Sends every datagram back, or the first one when it is told to.
    var echoes = false
    private(set) var received = 0
    private(set) var sent = 0

    init(size: Int, to peer: Address) {
        payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 131) }
        self.size = size
        self.peer = peer
    }

    mutating func handle(_ bytes: RawSpan, _ train: Train, at tyme: Tyme) {
        received += train.count(of: bytes.byteCount)
        if echoes { allowance += 1 }
    }

    mutating func poll(into out: inout OutputRawSpan, _ limits: TrainLimits, at tyme: Tyme) -> Train? {
        guard allowance > 0 else { return nil }
        let count = min(allowance, limits.capacity(segment: size), 64)
        let payload = payload
        for _ in 0..<count { out.append(contentsOf: payload.span.bytes) }
        return Train(peer: peer, segment: size)
    }

    mutating func sent(_ sending: Sending, _ train: Train, at tyme: Tyme) {
        let count = sending.taken / size
        sent += count
        allowance = sending.outcome == .sent ? allowance - count : 0
    }

    mutating func unblock() {}
    mutating func pollEvent() -> Never? { nil }
    var wakeTyme: Tyme? { allowance > 0 ? -.infinity : nil }
    var isBlocked: Bool { false }
    var hasEvents: Bool { false }
}

/// Two peers under one doist that is stepped by hand: one sends a burst, the other takes it in.
final class DatagramBed<Wire: DatagramTransport> {
    let doist: Doist
    let sender, receiver: CoreDoer<DatagramCounter, Wire>

    /// `wires` are open: the second receives. `watch` sees the doist before it enters.
    init(
        _ wires: (Wire, Wire), _ addresses: (Address, Address), size: Int, watch: (Doist) -> Void = { _ in }
    ) throws {
        let burst = Burst()
        let budget = CoreDoer<DatagramCounter, Wire>.Budget(datagrams: 1 << 20, trains: 1 << 16)
        sender = CoreDoer(DatagramCounter(size: size, to: addresses.1), over: wires.0, burst: burst, budget: budget)
        receiver = CoreDoer(DatagramCounter(size: size, to: addresses.0), over: wires.1, burst: burst, budget: budget)
        doist = Doist([sender, receiver])
        watch(doist)
        try doist.enter()
    }

    /// Runs every exit.
    func close() { try? doist.exit() }

    /// One pass in which `count` datagrams leave; how many arrived.
    func pass(_ count: Int) throws -> Int {
        let before = receiver.core.received
        sender.core.allowance = count
        try doist.recur()
        return receiver.core.received - before
    }

    /// `count` datagrams there and back, one after the other; how many came back.
    func roundTrips(_ count: Int) throws -> Int {
        let before = sender.core.received
        if !sender.core.echoes {
            sender.core.echoes = true
            receiver.core.echoes = true
            sender.core.allowance = 1
        }
        for _ in 0..<count { try doist.recur() }
        return sender.core.received - before
    }
}

/// Two open UDP peers.
func udpPeers(size: Int, usesBursts: Bool) throws -> (UDPPeer, UDPPeer) {
    let options = UDPPeer.Options(maximumDatagramSize: size, usesBursts: usesBursts)
    let wires = try (UDPPeer(port: 0, options: options), UDPPeer(port: 0, options: options))
    try wires.0.open()
    try wires.1.open()
    return wires
}

private func udpBed(size: Int, usesBursts: Bool) throws -> DatagramBed<UDPPeer> {
    let wires = try udpPeers(size: size, usesBursts: usesBursts)
    return try DatagramBed(wires, (wires.0.address, wires.1.address), size: size)
}

private func unixBed(size: Int) throws -> DatagramBed<UXDPeer> {
    let options = UXDPeer.Options(sendBufferSize: 4 << 20)
    let wires = try (
        UXDPeer(at: UXDPath("/tmp/tymist-s-\(lbc_process()).s"), options: options),
        UXDPeer(at: UXDPath("/tmp/tymist-s-\(lbc_process()).r"), options: options)
    )
    try wires.0.open()
    try wires.1.open()
    return try DatagramBed(wires, (wires.0.address, wires.1.address), size: size)
}

/// `bench datagrams`: raw datagrams through two peer doers beside plain C, row by row.
func benchDatagrams(_ arguments: [String]) throws {
    var words = Arguments(arguments)
    let sizes = try words.integer("--size", in: 1...60_000).map { [$0] } ?? [1240, 200]
    let only = try words.value("--row")
    let rounds = try words.integer("--rounds", in: 1...99) ?? 7
    let seconds = Double(try words.integer("--ms", in: 1...10_000) ?? 150) / 1000
    try words.finish()
    _ = lbc_pin(0)
    for size in sizes {
        let segments = min(64, 65_472 / size)
        try row(
            "udp-singles", size, "datagrams_s", "sendto_recvfrom", Int(LBC_UDP), udpBed(size: size, usesBursts: false)
        ) {
            lbc_singles($0, 64)
        } ours: {
            try $0.pass(64)
        }
        // The second yardstick copies each datagram into its train, as ours must: what bursts can reach at best.
        for (name, yardstick, fills) in [("udp-bursts", "c_gso_gro", 0), ("udp-bursts-filled", "c_fills_gso_gro", 1)] {
            try row(
                name, size, "datagrams_s", yardstick, Int(LBC_UDP_TRAINS), udpBed(size: size, usesBursts: true)
            ) {
                lbc_trains($0, 8, Int32(segments), Int32(fills))
            } ours: {
                try $0.pass(8 * segments)
            }
        }
        try row("uxd-singles", size, "datagrams_s", "c_unix", Int(LBC_UNIX), unixBed(size: size)) {
            lbc_singles($0, 8)
        } ours: {
            try $0.pass(8)
        }
        try row(
            "udp-round-trips", size, "round_trips_s", "c_round_trips", Int(LBC_UDP),
            udpBed(size: size, usesBursts: true)
        ) {
            lbc_round_trips($0, 200)
        } ours: {
            try $0.roundTrips(200)
        }
    }

    func row<Wire>(
        _ name: String, _ size: Int, _ unit: String, _ yardstickName: String, _ kind: Int, _ bed: DatagramBed<Wire>,
        yardstick: (OpaquePointer) -> Int, ours: (DatagramBed<Wire>) throws -> Int
    ) throws {
        if let only, only != name { return bed.close() }
        let pair = lbc_open(Int32(kind), Int32(size))!
        defer { lbc_close(pair) }
        let result = try LoopbackRounds(rounds: rounds, seconds: seconds) {
            try ours(bed)
        } yardstick: {
            yardstick(pair)
        }
        let before = lbc_allocations()
        var units = 0
        while before >= 0, units < 10_000 { units += try ours(bed) }
        let allocations = Double(lbc_allocations() - before) / Double(max(1, units))
        bed.close()
        var line = result.line(name, size: size, unit: unit, yardstickName: yardstickName)
        line.add("allocations_each", before < 0 ? .nan : allocations)
        print(line)
    }
}
