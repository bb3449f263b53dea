/// What a flow promises: Ouroboros' eight fields, with its defaults.
///
/// ```swift
/// let flow = net.alloc("oecho", qos: .data)                    // everything arrives, in order
/// let film = net.alloc("film", qos: QoSSpec(delay: 100, inOrder: true, maxGap: 100))
/// ```
/// - Source: Ouroboros 0.23.0, `ouroboros/qos.h` as its Python API shows it.
public struct QoSSpec: Hashable, Sendable {
    /// Milliseconds that a packet may wait to be put together with others, or an acknowledgement to be sent;
    /// `UInt32.max`, the default, for any time.
    public var delay: UInt32
    /// Bits a second that the flow sends at most; 0, the default, for as many as the way is found to carry.
    ///
    /// Who names a bandwidth is believed that the way carries it: losses do not slow a reliable flow down then.
    public var bandwidth: UInt64
    /// Nines of availability. Carried to the peer; nothing here acts on it.
    public var availability: UInt8
    /// 0: no packet may be lost. What was lost is sent again, and order is kept, too.
    public var loss: UInt32
    /// 0: no bit may be wrong. A packet with a wrong bit is dropped.
    public var bitErrors: UInt32
    /// Not 0: packets come in the order in which they were written, none twice.
    public var inOrder: UInt8
    /// Milliseconds for which an ordered flow that may lose packets waits for one that is missing. `UInt32.max`, the
    /// default: it does not wait, as in 0.23.
    public var maxGap: UInt32
    /// Milliseconds of silence after which the peer counts as lost; 0 for never. An idle end says that it is there four
    /// times in this time.
    public var timeout: UInt32
    /// Bits of the key with which packets are sealed; 0, the default, for plain packets.
    ///
    /// The field `cypher_s` of earlier versions. It is gone from 0.23, and it is not on the wire of Ouroboros here.
    public var cipherStrength: UInt16

    /// A promise; each field left out is Ouroboros' default.
    public init(
        delay: UInt32 = .max, bandwidth: UInt64 = 0, availability: UInt8 = 0, loss: UInt32 = 1, bitErrors: UInt32 = 1,
        inOrder: Bool = false, maxGap: UInt32 = .max, timeout: UInt32 = 120_000, cipherStrength: UInt16 = 0
    ) {
        (self.delay, self.bandwidth, self.availability) = (delay, bandwidth, availability)
        (self.loss, self.bitErrors, self.inOrder) = (loss, bitErrors, inOrder ? 1 : 0)
        (self.maxGap, self.timeout, self.cipherStrength) = (maxGap, timeout, cipherStrength)
    }

    /// Packets, as the layer carries them.
    public static let raw = QoSSpec()
    /// The same, but for those with wrong bits.
    public static let rawNoErrors = QoSSpec(bitErrors: 0)
    /// In order; some may be missing.
    public static let bestEffort = QoSSpec(inOrder: true)
    /// In order, and a picture is late after 100 ms.
    public static let video = QoSSpec(delay: 100, inOrder: true, maxGap: 100)
    /// In order, 100 kbit/s, and a word is late after 50 ms.
    public static let voice = QoSSpec(delay: 50, bandwidth: 100_000, inOrder: true, maxGap: 50)
    /// All of it, in order.
    public static let data = QoSSpec(delay: 1000, loss: 0, inOrder: true, maxGap: 2000)

    /// All fields 0, as an answer carries them.
    static let zero = QoSSpec(delay: 0, loss: 0, bitErrors: 0, maxGap: 0, timeout: 0)

    /// Whether nothing may be lost.
    public var isReliable: Bool { loss == 0 }
    /// Whether packets are numbered: they are where order is kept.
    public var isOrdered: Bool { inOrder != 0 || loss == 0 }
    /// Whether a checksum ends each packet.
    public var isChecked: Bool { bitErrors == 0 }
}
