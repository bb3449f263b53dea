/// Reads one datagram as a gram, without allocating: the second step of the pipe, as a function of bytes.
///
/// Signatures are decoded and not checked: the key is not in the gram.
///
/// - Parameter bytes: any bytes.
/// - Throws: ``GramError`` if they are no gram of a memo.
/// - Complexity: constant.
public func pick(_ bytes: RawSpan) throws(GramError) -> GramView {
    let head = try GramHead.read(bytes).get()
    guard !head.code.isAck else { throw .ack(head.code) }
    let isZeroth = head.code.isZeroth
    guard isZeroth || head.number > 0 else { throw .zeroNumber }
    var (vid, signature) = (Vid?.none, Signature?.none)
    if head.code.isSigned {
        if isZeroth {
            vid = head.vid(of: bytes)
            guard vid != nil else { throw .badField(.vid) }
        }
        signature = head.signature(of: bytes)
        guard signature != nil else { throw .badField(.signature) }
    }
    return GramView(
        code: head.code, domain: head.domain, number: isZeroth ? 0 : head.number,
        // hio sends 0 for 1 from a binary memo of a few bytes.
        count: isZeroth ? max(1, head.number) : nil, mid: head.mid, vid: vid, signature: signature,
        body: head.bodyStart..<head.bodyEnd(bytes.byteCount))
}

/// Reads one datagram as a gram, and copies its body.
///
/// - Throws: ``GramError`` if the bytes are no gram of a memo.
public func pick(_ bytes: [UInt8]) throws(GramError) -> Gram {
    let view = try unsafe pick(bytes.span.bytes)
    return Gram(view: view, body: Array(bytes[view.body]))
}
