import Doing
import Wiring

/// What stands around the content of a segment: the extensions of a session with a peer.
struct SegmentFrame {
    /// How many extensions there are, as one byte.
    private var counts: UInt8 = 0
    /// Those in front of the content, encoded.
    private var header: [UInt8] = []
    /// Bytes of the one behind it.
    private var trailerBytes = 0

    /// Without extensions.
    static let plain = SegmentFrame()

    init() {}

    init(_ header: [UInt8], _ count: UInt8, trailerBytes: Int) {
        counts = count << 4 | (trailerBytes > 0 ? 1 : 0)
        self.header = header
        self.trailerBytes = trailerBytes
    }

    /// Bytes of all extensions.
    @inline(__always) var bytes: Int { header.count &+ trailerBytes }

    /// Whether something follows the content.
    @inline(__always) var isSealed: Bool { trailerBytes > 0 }

    /// Appends the counts and what stands in front of the content.
    @inline(__always) func write(to out: inout OutputRawSpan) {
        out.append(counts)
        if !header.isEmpty { unsafe out.append(contentsOf: header.span.bytes) }
    }
}

/// Authentication and cookies.
///
/// - Source: RFC 5327.
extension LTPEngine {
    /// What stands around the content of a segment of a session with these cookies; `echo` are those of a segment of a
    /// session that is no more.
    func frame(_ place: Int, _ cookies: CookieJar?, _ echo: [UInt8] = []) -> SegmentFrame {
        if peers[place].isPlain { return .plain }
        var (header, count) = (peers[place].security?.header ?? [], UInt8(peers[place].security == nil ? 0 : 1))
        if let cookies {
            header += cookies.extensions.bytes
            count += cookies.extensions.count
        } else if !echo.isEmpty {
            header += echo.dropFirst()
            count += echo[0]
        }
        return SegmentFrame(header, count, trailerBytes: peers[place].security?.trailerBytes(signer) ?? 0)
    }

    func seal(_ out: inout OutputRawSpan, from start: Int, _ place: Int) {
        peers[place].security?.seal(&out, from: start, signer, to: peers[place].peer.engine)
    }

    /// Bytes that data of an export may be planned for, and reports of an import: the MTU less the extensions.
    func roomForData(_ row: Int32) -> Int {
        let place = Int(exports[row].peer)
        return peers[place].peer.mtu - frame(place, exports[row].cookies).bytes
    }

    func roomForReports(_ row: Int32) -> Int {
        let place = Int(imports[row].peer)
        return peers[place].peer.mtu - frame(place, imports[row].cookies).bytes
    }

    /// A fresh cookie for a session with a peer.
    mutating func cookie(_ place: Int) -> [UInt8] {
        (0..<peers[place].peer.cookieBytes).map { _ in UInt8(random.below(256)) }
    }

    /// The cookies of a segment, encoded behind their count, to be put into the answer; empty if there are none.
    func echo(_ view: SegmentView, _ bytes: RawSpan, _ place: Int) -> [UInt8] {
        guard peers[place].peer.cookieBytes > 0 else { return [] }
        let cookies = cookies(view, bytes)
        guard let cookies, !cookies.isEmpty else { return [] }
        return [UInt8(cookies.count)]
            + cookies.flatMap { [CookieJar.tag] + SDNV.bytes(UInt64($0.count)) + $0 }
    }

    /// The cookies of a segment; nil if they are more or longer than there can be.
    private func cookies(_ view: SegmentView, _ bytes: RawSpan) -> [[UInt8]]? {
        var (at, found) = (view.headerStart, [[UInt8]]())
        for _ in 0..<view.headerExtensions {
            guard let (tag, value) = try? SegmentView.readExtension(bytes, at: &at) else { return nil }
            guard tag == CookieJar.tag else { continue }
            guard found.count < 2, value.count <= CookieJar.longest else { return nil }
            found.append(unsafe bytes.extracting(value).withUnsafeBytes { unsafe Array($0) })
        }
        return found
    }

    /// Whether a segment of a peer is authentic, as far as that is asked for; else it is counted.
    mutating func isAuthentic(_ view: SegmentView, _ bytes: RawSpan, _ place: Int) -> Bool {
        guard let security = peers[place].security else { return true }
        if security.verifies(view, bytes, signer, from: peers[place].peer.engine) { return true }
        peers[place].counters.unauthentic.add(bytes.byteCount)
        return false
    }

    /// Whether a segment of an export carries its cookies; else it is counted.
    mutating func hasCookies(_ view: SegmentView, _ bytes: RawSpan, export row: Int32) -> Bool {
        let place = Int(exports[row].peer)
        guard peers[place].peer.cookieBytes > 0 else { return true }
        let found = cookies(view, bytes)
        if let found, exports[row].cookies.takes(found, at: now, delay: peers[place].peer.timeout) { return true }
        peers[place].counters.badCookies.add(bytes.byteCount)
        return false
    }

    /// The same of an import. A sender that puts in a cookie does so from its first segment on; for one that does not,
    /// this engine bakes one.
    mutating func hasCookies(_ view: SegmentView, _ bytes: RawSpan, import row: Int32) -> Bool {
        let place = Int(imports[row].peer)
        guard peers[place].peer.cookieBytes > 0 else { return true }
        let isFirst = imports[row].segments == 0 && imports[row].cookies.isEmpty
        let delay = isFirst ? 0 : peers[place].peer.timeout
        guard let found = cookies(view, bytes), imports[row].cookies.takes(found, at: now, delay: delay) else {
            peers[place].counters.badCookies.add(bytes.byteCount)
            return false
        }
        // It is known to the peer once a report has brought it there.
        if isFirst, found.isEmpty { imports[row].cookies.bake(cookie(place), strictFrom: .infinity) }
        return true
    }

    /// The same of a segment of an import that need not be there any more.
    mutating func hasCookies(_ view: SegmentView, _ bytes: RawSpan, ofImport place: Int) -> Bool {
        guard peers[place].peer.cookieBytes > 0, let row = importOfSession[view.id] else { return true }
        return hasCookies(view, bytes, import: row)
    }
}
