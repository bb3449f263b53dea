import Charting
import Doing
import Wiring

/// A host of a simulated network: a name, ports for peers, and a scheduler for the doers that live there.
///
/// ```swift
/// red.boot { host in [CoreDoer(Memoer(random: host.random.fork()), over: host.peer(port: 1))] }
/// try Doist([net, red, blu]).run(limit: 10)
/// ```
/// What the boot closure makes is what a crash takes away; what it captures is what is stored elsewhere. Without doers
/// of its own a host is a name with ports, and need not be scheduled.
///
/// With a `tock` of its own its doers run on its own clock's ticks.
public final class SimHost: DoDoer {
    /// The network.
    public let net: SimNet
    /// Its number in its network, from 1.
    public let number: Int
    /// Whether its doers stand still.
    public private(set) var isPaused = false
    /// Whether it has crashed, and not booted since.
    public private(set) var isDown = false
    /// How often it has booted.
    public private(set) var boots = 0
    /// For what lives here: forks of it differ from host to host and from boot to boot, and depend on the seed of the
    /// net, the name and the number of the boot.
    public var random: Xoshiro256
    private var body: ((SimHost) throws -> [Doer])?
    private var nextPort: UInt16 = 49_152
    /// What the plan has still to do to it; while there is something it lives on.
    private var expected = 0
    private var isPlanned = false
    /// What ``always`` was before the plan.
    private var livesOn = false

    init(net: SimNet, name: String, number: Int) {
        self.net = net
        self.number = number
        random = SimHost.random(net, name, boots: 0)
        // Tock 0 is never refused.
        try! super.init(name: name)
    }

    private static func random(_ net: SimNet, _ name: String, boots: Int) -> Xoshiro256 {
        Xoshiro256(seed: StreamSeed.mix(StreamSeed.mix(net.seed, StreamSeed.hash(name)), UInt64(boots)))
    }

    /// A peer of this host. It takes its port when it is opened.
    ///
    /// - Parameters:
    ///   - port: its port; 0 for one from 49152 up that no peer was given so far.
    ///   - buffer: bytes of its receive buffer, a datagram counting 64 more than its own; at least 1.
    public func peer(port: UInt16 = 0, buffer: Int = SimPeer.defaultBuffer) -> SimPeer {
        SimPeer(host: self, port: port == 0 ? freePort() : port, buffer: buffer)
    }

    private func freePort() -> UInt16 {
        for _ in 0..<16_384 {
            let port = nextPort
            nextPort = port == 65_535 ? 49_152 : port + 1
            if net.socket(Int32(number), port) == nil { return port }
        }
        preconditionFailure("\(name) has no free port left")
    }

    // MARK: - Its life

    /// Sets what it does when it boots: the doers that live here, in order.
    ///
    /// - Parameter body: makes them anew each time.
    /// - Returns: the host, so that it can be said where it is scheduled.
    @discardableResult public func boot(_ body: @escaping (SimHost) throws -> [Doer]) -> SimHost {
        self.body = body
        return self
    }

    /// Boots.
    public override func enter(_ tyme: Tyme) throws {
        setDown(false)
        isPaused = false
        try super.enter(tyme)
        try start()
    }

    private func start() throws {
        boots += 1
        random = SimHost.random(net, name, boots: boots)
        if let body { try extend(try body(self)) }
    }

    /// Runs those of its doers that are due, unless it stands still or is down.
    public override func recur(_ tyme: Tyme) throws -> Recurrence {
        if isDown, isPlanned, expected == 0 { return .done }
        if isDown || isPaused { return .park(until: .infinity) }
        return try super.recur(tyme)
    }

    /// Closes its doers.
    public override func exit(_ tyme: Tyme) throws {
        defer { try? remove(doers) }
        try super.exit(tyme)
    }

    /// Lets its doers stand still until ``resume()``. Datagrams go on to arrive in the buffers of its peers.
    public func pause() {
        guard !isPaused, !isDown else { return }
        isPaused = true
        note(.paused)
        wake()
    }

    /// Lets its doers go on; what became due meanwhile is due now.
    public func resume() {
        guard isPaused else { return }
        isPaused = false
        note(.resumed)
        wake()
    }

    /// Ends its doers without a word: they are closed, what they send in that is refused, and what their peers have not
    /// received is lost. What arrives until ``restart()`` is dropped.
    ///
    /// - Throws: what one of them threw when it was closed.
    /// - Precondition: not called by one of its own doers.
    public func crash() throws {
        guard !isDown else { return }
        setDown(true)
        isPaused = false
        note(.crashed)
        net.dropEnds(of: number)
        wake()
        try remove(doers)
    }

    /// Boots after a crash.
    ///
    /// - Throws: what the boot closure threw, or one of its doers when it entered;
    ///   ``SimError/hostNotScheduled(host:)`` if it has ended meanwhile.
    public func restart() throws {
        guard isDown else { return }
        guard doist != nil else { throw SimError.hostNotScheduled(host: name) }
        setDown(false)
        note(.restarted)
        wake()
        try start()
    }

    private func setDown(_ isDown: Bool) {
        self.isDown = isDown
        net.raw.pointee.hosts[number - 1].pointee.isDown = isDown
    }

    private func note(_ kind: TraceEvent.Kind) {
        guard let trace = net.trace else { return }
        trace.record(
            TraceEvent(kind, at: net.doist?.tyme ?? 0, lane: net.lanes[number - 1], local: .host(UInt64(number))))
    }

    /// Takes note of how much a plan will do to it: it lives on until then.
    func expect(_ count: Int) {
        if isPlanned { always = livesOn }
        livesOn = always
        isPlanned = count > 0
        expected = count
        if isPlanned { always = true }
    }

    /// One of these things is done.
    func fulfil() {
        expected -= 1
        if expected == 0 { always = livesOn }
    }
}
