import LTP
import Memoing
import Wiring

/// What a datagram of any protocol of ours is, for packet logs and charts: a memogram, or a segment of LTP.
public func describeDatagram(_ bytes: RawSpan) -> String? { describeGram(bytes) ?? describeSegment(bytes) }
