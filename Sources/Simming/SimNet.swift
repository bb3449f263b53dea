import Charting
import Containers
import Doing
import Wiring

/// A network of hosts and links in one thread: the first doer of a doist, over which all others talk.
///
/// ```swift
/// let net = SimNet(seed: 1, link: SimLink(delay: 0.025, loss: 0.1))
/// let red = net.host("red"), blu = net.host("blu")
/// let a = CoreDoer(Memoer(random: SplitMix64(seed: 1)), over: red.peer(port: 1))
/// let b = CoreDoer(Memoer(random: SplitMix64(seed: 2)), over: blu.peer(port: 1))
/// try Doist([net, a, b]).run(limit: 10)
/// ```
/// In each pass it first hands over what is due, in the order in which that is due and, at one microsecond, was sent,
/// and wakes the owners, who receive in their places. So what is sent in a pass arrives in a later one, wherever sender
/// and receiver stand. Between arrivals it sleeps.
///
/// One thread owns a net with all its hosts and peers: that of its doist.
public final class SimNet: Doer {
    /// Where all that is random starts.
    public let seed: UInt64
    /// What every direction does that was not given a link of its own.
    public let link: SimLink
    /// The record of all that happens, if there is one.
    public let trace: Trace?
    /// Bytes that the network holds at most, in steps of 256 KiB; what finds no room is dropped and counted.
    public let memoryLimit: Int

    let raw: Handle<NetState>
    /// The names of the hosts; host n stands at n - 1.
    var hostNames: [String] = []
    var lanes: [Trace.Lane] = []
    private var hostNumbers: [String: Int] = [:]
    private var hosts: [WeakHost] = []
    private var wayNumbers: [UInt64: Int32] = [:]
    var links: [SimLink] = []
    /// All that is wrong on each way, by the number of the way.
    var wayFaults: [[ActiveFault]] = []
    /// What happens to hosts, by tyme, and how much of it is done.
    var actions: [HostAction] = []
    var actionsDone = 0
    /// For each fault of the plan how many datagrams it has counted.
    var faultCounts: [Int] = []
    /// For each way and kind how many datagrams there were, for rules.
    var kindCounts: [Int: Int] = [:]
    var rules: [(SimDatagram) -> SimDatagram.Verdict] = []

    /// What goes wrong. Set it before the net enters, when its hosts are looked up.
    public var plan = FaultPlan.empty {
        didSet { precondition(doist == nil, "the plan of a net is set before it enters") }
    }
    /// The kinds of datagrams that faults and rules can name; the first that fits counts. Set them before it enters.
    public var kinds: [DatagramKind] = [] {
        didSet { precondition(doist == nil, "the kinds of a net are set before it enters") }
    }
    /// The streams.
    var table = PipeTable()
    private var sockets: [UInt64: Socket] = [:]

    private struct WeakHost {
        weak var host: SimHost?
    }

    /// A network without hosts.
    ///
    /// - Parameters:
    ///   - seed: where all that is random starts.
    ///   - link: what every direction does that is not given a link of its own.
    ///   - trace: takes a record of every datagram; nil costs nothing.
    ///   - memoryLimit: bytes held at most, at least 256 KiB for each of the sizes of datagrams in use at a time.
    /// - Precondition: `link` passes its ``SimLink/check()``.
    public init(seed: UInt64 = 1, link: SimLink = SimLink(), trace: Trace? = nil, memoryLimit: Int = 256 << 20) {
        SimNet.require(link)
        self.seed = seed
        self.link = link
        self.trace = trace
        self.memoryLimit = memoryLimit
        raw = .allocate()
        raw.initialize(to: NetState(memoryLimit: memoryLimit))
        super.init()
    }

    deinit {
        raw.pointee.free()
        raw.free()
    }

    static func require(_ link: SimLink) {
        do { try link.check() } catch { preconditionFailure("\(error)") }
    }

    // MARK: - Hosts

    /// The host of this name; made when it is asked for first. Hosts are numbered from 1 in that order.
    ///
    /// A net does not keep its hosts alive: their peers, and the doist, do.
    public func host(_ name: String) -> SimHost {
        let number = hostNumbers[name] ?? addHost(name)
        if let host = hosts[number - 1].host { return host }
        let host = SimHost(net: self, name: name, number: number)
        hosts[number - 1].host = host
        return host
    }

    private func addHost(_ name: String) -> Int {
        hostNames.append(name)
        hosts.append(WeakHost())
        hostNumbers[name] = hostNames.count
        raw.pointee.hosts.append(HostState())
        if let trace {
            lanes.append(trace.lane(name))
            trace.name(.host(UInt64(hostNames.count)), name)
        }
        return hostNames.count
    }

    /// `red:1` for an address of this network.
    public func describe(_ address: Address) -> String {
        guard address.family == .host, address.lo >= 1, address.lo <= UInt64(hostNames.count) else {
            return address.description
        }
        return "\(hostNames[Int(address.lo) - 1]):\(address.port)"
    }

    // MARK: - Links

    /// What the direction from one host to another does now.
    public func link(from: SimHost, to: SimHost) -> SimLink { links[way(from: from, to: to)] }

    /// Gives one direction another link, from the next datagram on; what is on its way stays as it is.
    ///
    /// The direction goes on with its draws: the n-th datagram has the same luck whatever its link.
    ///
    /// - Precondition: `link` passes its ``SimLink/check()``.
    public func setLink(_ link: SimLink, from: SimHost, to: SimHost) {
        SimNet.require(link)
        let number = way(from: from, to: to)
        links[number] = link
        raw.pointee.ways[number].pointee.model.figures = LinkModel.Figures(link)
        gatherFaults(number)
    }

    /// Gives both directions between two hosts the same link.
    ///
    /// - Precondition: `link` passes its ``SimLink/check()``.
    public func connect(_ one: SimHost, _ other: SimHost, _ link: SimLink) {
        setLink(link, from: one, to: other)
        setLink(link, from: other, to: one)
    }

    /// Lets the two directions between two hosts draw as ``LinkModel`` does with this seed: 0 there, 1 back.
    ///
    /// - Precondition: nothing was sent between the two so far.
    public func reseed(_ one: SimHost, _ other: SimHost, seed: UInt64) {
        for (direction, hosts) in [(one, other), (other, one)].enumerated() {
            let number = way(from: hosts.0, to: hosts.1)
            let way = raw.pointee.ways[number]
            precondition(way.pointee.number == 0, "reseed \(hosts.0.name)>\(hosts.1.name) after it was used")
            way.pointee.model = LinkModel(links[number], seed: seed, direction: direction)
        }
    }

    /// The number of a direction between hosts of this network.
    func way(from: SimHost, to: SimHost) -> Int {
        for host in [from, to] { precondition(host.net === self, "\(host.name) is a host of another network") }
        return Int(way(from.number, to.number))
    }

    /// The number of a direction, which is made when it is first asked for.
    func way(_ from: Int, _ to: Int) -> Int32 {
        let key = UInt64(from) << 32 | UInt64(to)
        if let number = wayNumbers[key] { return number }
        let link = from == to ? SimLink() : link
        let (seed, direction) = StreamSeed.direction(seed, from: hostNames[from - 1], to: hostNames[to - 1])
        let number = Int32(links.count)
        links.append(link)
        wayFaults.append([])
        raw.pointee.ways.append(
            WayState(
                model: LinkModel(link, seed: seed, direction: direction), from: Int32(from), to: Int32(to)))
        wayNumbers[key] = number
        gatherFaults(Int(number))
        return number
    }

    // MARK: - Counts

    /// What has become of all datagrams.
    public var statistics: SimStatistics {
        var sum = SimStatistics()
        for number in 0..<raw.pointee.ways.count { sum += raw.pointee.ways[number].pointee.statistics }
        return sum
    }

    /// Connections of streams that the network knows of: those that are not over, and those of which something is
    /// still under way. Linear in their number.
    public var connectionCount: Int { table.pipes.reduce(0) { $0 + ($1 == nil ? 0 : 1) } }

    /// What has become of the datagrams of one direction.
    public func statistics(from: SimHost, to: SimHost) -> SimStatistics {
        let number = way(from: from, to: to)  // which may move the list of ways
        return raw.pointee.ways[number].pointee.statistics
    }

    // MARK: - Peers

    /// Who is at a port of a host.
    func socket(_ host: Int32, _ port: UInt16) -> Socket? { sockets[UInt64(host) << 16 | UInt64(port)] }

    /// Puts somebody at a port, or answers false if somebody is there.
    func bind(_ socket: Socket) -> Bool {
        let key = UInt64(socket.pointee.host) << 16 | UInt64(socket.pointee.port)
        guard sockets[key] == nil else { return false }
        sockets[key] = socket
        raw.pointee.bindings += 1
        return true
    }

    /// Takes somebody away from its port; what it has not received is lost.
    func unbind(_ socket: Socket) {
        sockets[UInt64(socket.pointee.host) << 16 | UInt64(socket.pointee.port)] = nil
        raw.pointee.bindings += 1
        empty(socket)
    }

    // MARK: - As a doer

    /// Checks that it is the first, and that the plan fits.
    ///
    /// - Throws: ``SimError/netNotFirst``; ``FaultError`` for a host or a kind that the plan names and nobody knows.
    public override func enter(_ tyme: Tyme) throws {
        guard let doist, doist.doers.first === self else { throw SimError.netNotFirst }
        try adoptPlan()
    }

    /// Does to the hosts what is due, hands over the datagrams that are, and sleeps until the next is.
    ///
    /// - Throws: ``SimError/hostNotScheduled(host:)``, or what a doer threw whose host crashed or booted.
    public override func recur(_ tyme: Tyme) throws -> Recurrence {
        raw.pointee.parkedUntil = .min
        let now = Micros.of(tyme)
        if actionsDone < actions.count { try act(by: now) }
        deliver(by: now, at: tyme)
        var next = raw.pointee.flights.heap.firstDue
        if actionsDone < actions.count { next = min(next, actions[actionsDone].at) }
        raw.pointee.parkedUntil = next
        return .park(until: Micros.tyme(of: next))
    }

    // MARK: - Within

    /// Refuses to let a doer wait for a net that does not run.
    func requireScheduled(for subject: String) throws(TransportError) {
        guard doist != nil else {
            throw .badValue(
                name: "net of \(subject)", value: "not scheduled", allowed: "a SimNet that is its doist's first doer")
        }
    }

    /// A host of this number, if somebody has it.
    func liveHost(_ number: Int) -> SimHost? { hosts[number - 1].host }

    /// The number of a host of this name, if there is one.
    func hostNumber(_ name: String) -> Int? { hostNumbers[name] }
}
