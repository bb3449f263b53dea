/// The fields of a segment, for errors.
public enum LTPField: String, Hashable, Sendable, CaseIterable {
    case head, engine, session, extensionCounts, extensionTag, extensionLength, extensionValue
    case client, offset, length, checkpoint, report, data
    case upperBound, lowerBound, claimCount, claimOffset, claimLength, reason
}

/// Why bytes are no segment.
public enum LTPSegmentError: Error, Hashable, Sendable {
    /// The bytes end within or before this field.
    case truncated(LTPField)
    /// A number that does not fit into 64 bits, takes more than ten bytes, or leads beyond what offsets can be.
    case overflow(LTPField)
    /// Another version than 0.
    case version(UInt8)
    /// So many bytes stand behind a segment that is not a report.
    case trailing(Int)
}
