import Wiring

/// What an engine needs of a peer's ``LTPAuthentication``, prepared once.
struct PeerSecurity {
    let authentication: LTPAuthentication
    private let codes: [HMACSHA1]
    /// The extension in front of the content, encoded.
    let header: [UInt8]

    /// The tag of both extensions.
    static let tag: UInt8 = 0
    /// Values of one segment that are looked at: as many as there are when keys change.
    static let mostValues = 2

    init(_ authentication: LTPAuthentication) {
        self.authentication = authentication
        let hash = SHA1()
        codes = authentication.keys.map {
            HMACSHA1(key: authentication.suite == .null ? LTPAuthentication.nullKey : $0.secret, hash)
        }
        let value = [authentication.suite.number] + authentication.keys[0].id
        header = [PeerSecurity.tag] + SDNV.bytes(UInt64(value.count)) + value
    }

    /// Bytes of the value, without tag and length.
    func valueBytes(_ signer: (any LTPSigner)?) -> Int {
        if case .signer = authentication.suite { return signer?.signatureBytes ?? 0 }
        return 10
    }

    /// Bytes of the extension behind the content.
    func trailerBytes(_ signer: (any LTPSigner)?) -> Int {
        let count = valueBytes(signer)
        return 1 + SDNV.count(UInt64(count)) + count
    }

    /// Appends the extension behind the content to a segment that begins at `start` and is complete but for it.
    func seal(_ out: inout OutputRawSpan, from start: Int, _ signer: (any LTPSigner)?, to peer: UInt64) {
        out.append(PeerSecurity.tag)
        SDNV.append(UInt64(valueBytes(signer)), to: &out)
        let end = out.byteCount
        guard case .signer = authentication.suite else {
            let code = codes[0].code(out.bytes.extracting(start..<end))
            return code.appendFirst80(to: &out)
        }
        guard let signer else { return }
        let signature = signer.sign(out.bytes.extracting(start..<end), key: authentication.keys[0].id, to: peer)
        precondition(signature.count == signer.signatureBytes, "a signature of another length than was said")
        unsafe out.append(contentsOf: signature.span.bytes)
    }

    /// Whether a segment carries a value that verifies.
    ///
    /// The extension in front may be left out in all segments but the first of a session; where it stands, it must be
    /// of this suite. What it names a key is a hint that is not needed, since keys are few.
    func verifies(_ view: SegmentView, _ bytes: RawSpan, _ signer: (any LTPSigner)?, from peer: UInt64) -> Bool {
        guard view.trailerExtensions > 0, view.stray == 0, hasSuite(view, bytes) else { return false }
        var (at, looked) = (view.trailerStart, 0)
        for _ in 0..<view.trailerExtensions {
            guard let (tag, value) = try? SegmentView.readExtension(bytes, at: &at) else { return false }
            guard tag == PeerSecurity.tag else { continue }
            looked += 1
            if isRight(bytes.extracting(value), bytes.extracting(0..<value.lowerBound), signer, peer) { return true }
            if looked == PeerSecurity.mostValues { return false }
        }
        return false
    }

    private func hasSuite(_ view: SegmentView, _ bytes: RawSpan) -> Bool {
        var (at, isNamed) = (view.headerStart, false)
        for _ in 0..<view.headerExtensions {
            guard let (tag, value) = try? SegmentView.readExtension(bytes, at: &at) else { return false }
            guard tag == PeerSecurity.tag else { continue }
            isNamed = true
            guard !value.isEmpty else { return false }
            let suite = unsafe bytes.unsafeLoad(fromByteOffset: value.lowerBound, as: UInt8.self)
            if suite == authentication.suite.number { return true }
        }
        return !isNamed
    }

    private func isRight(_ value: RawSpan, _ segment: RawSpan, _ signer: (any LTPSigner)?, _ peer: UInt64) -> Bool {
        guard case .signer = authentication.suite else {
            return codes.contains { $0.code(segment).startsWith80(value) }
        }
        guard let signer, value.byteCount == signer.signatureBytes else { return false }
        return authentication.keys.contains { signer.verify(value, of: segment, key: $0.id, from: peer) }
    }
}
