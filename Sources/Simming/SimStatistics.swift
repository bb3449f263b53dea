/// What has become of the datagrams of a network, or of one direction of it.
///
/// Nothing gets lost between the counts: ``sent`` and ``copies`` together are ``delivered``, ``dropped``,
/// ``inFlight`` and ``waiting`` together, at any moment.
public struct SimStatistics: Hashable, Sendable {
    /// Datagrams that the network took.
    public var sent = 0
    /// Bytes in them.
    public var sentBytes = 0
    /// Second copies that the network made.
    public var copies = 0
    /// Datagrams that their receivers took.
    public var delivered = 0
    /// Bytes in them, as they came.
    public var deliveredBytes = 0
    /// Lost by chance.
    public var lost = 0
    /// Dropped by a rule, or by a fault that names them.
    public var ruled = 0
    /// Dropped in front of a slow link whose queue was full.
    public var queueFull = 0
    /// Dropped where the way is cut.
    public var cut = 0
    /// Longer than the way carries.
    public var tooLarge = 0
    /// Nobody was there.
    public var nobody = 0
    /// The receiver's buffer was full.
    public var bufferFull = 0
    /// A host was down, or the receiver ended with datagrams in its buffer.
    public var down = 0
    /// The network held as much as it may; see ``SimNet/memoryLimit``.
    public var noMemory = 0
    /// On their way, those that are held included.
    public var inFlight = 0
    /// In the buffers of their receivers.
    public var waiting = 0

    /// Nothing yet.
    public init() {}

    /// All that will not arrive any more.
    public var dropped: Int {
        lost + ruled + queueFull + cut + tooLarge + nobody + bufferFull + down + noMemory
    }

    /// Both together.
    static func += (sum: inout SimStatistics, other: SimStatistics) {
        for path in counts { sum[keyPath: path] += other[keyPath: path] }
    }

    private static var counts: [WritableKeyPath<SimStatistics, Int>] {
        [
            \.sent, \.sentBytes, \.copies, \.delivered, \.deliveredBytes, \.lost, \.ruled, \.queueFull, \.cut,
            \.tooLarge, \.nobody, \.bufferFull, \.down, \.noMemory, \.inFlight, \.waiting,
        ]
    }
}
