import Wiring

/// What a segment is, for packet logs and charts: `red 1392+1391 of 7.42`, `checkpoint 12 2783+217 of 7.42, ends the
/// red part`, `ack of report 5 of 7.42`; nil for bytes that are no segment.
public func describeSegment(_ bytes: RawSpan) -> String? {
    guard let segment = try? LTPSegment(bytes) else { return nil }
    return segment.description
}

extension LTPSegment: CustomStringConvertible {
    /// The segment in words: `report 5 on checkpoint 12 of 7.42: has 0..<2781 and 4171..<9000 of 0..<9000`.
    public var description: String {
        switch content {
        case .data(let piece): "\(piece.words) of \(session)\(piece.ending)"
        case .report(let report): "\(report.head) of \(session): \(report.words)"
        case .reportAck(let serial): "ack of report \(serial) of \(session)"
        case .cancel(let end, let reason): "cancel by \(end.rawValue) of \(session): \(reason)"
        case .cancelAck(let end): "ack of cancel by \(end.rawValue) of \(session)"
        case .undefined(let type): "type \(type) of \(session)"
        }
    }
}

extension LTPSegment.Piece {
    fileprivate var words: String {
        let place = "\(offset)+\(data.count)"
        switch type {
        case 0: return "red \(place)"
        case 1...3: return "checkpoint \(checkpoint) \(place)\(report > 0 ? " after report \(report)" : "")"
        case 4, 7: return "green \(place)"
        default: return "type \(type) \(place)"
        }
    }

    fileprivate var ending: String {
        switch type {
        case 2: ", ends the red part"
        case 3: ", ends the block"
        case 7: ", ends the block"
        default: ""
        }
    }
}

extension LTPSegment.Report {
    fileprivate var head: String { "report \(serial)\(checkpoint == 0 ? "" : " on checkpoint \(checkpoint)")" }

    fileprivate var words: String {
        let most = 4
        var runs = claims.prefix(most).map { "\(lower &+ $0.offset)..<\(lower &+ $0.offset &+ $0.length)" }
        if claims.count > most { runs.append("\(claims.count - most) more") }
        let last = runs.popLast() ?? "nothing"
        return "has \(runs.isEmpty ? last : runs.joined(separator: ", ") + " and " + last) of \(lower)..<\(upper)"
    }
}
