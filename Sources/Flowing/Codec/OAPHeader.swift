import Wiring

/// The header with which both ends introduce themselves (OAP), without certificates.
///
/// ```
/// id 16 bytes | timestamp u64, ns of UTC | cipher, kdf, digest, certificate length, key length, data length u16 each
/// | certificate | key | data | in an answer: SHA-384 of the request's header, 48 bytes
/// ```
/// - Source: Ouroboros 0.23.0, observed on loopback.
struct OAPHeader: Hashable {
    /// Bytes before the variable parts.
    static let size = 36

    /// Random; an answer repeats it.
    var id: NameHash
    /// Nanoseconds of UTC.
    var stamp: UInt64
    /// Numbers that name the cipher, how its key is made, and the digest; 0 for none.
    var cipher, kdf, digest: UInt16
    /// The sender's share of a key; empty without encryption.
    var key: [UInt8]
    /// What the application sends along.
    var data: [UInt8]
    /// In an answer: the hash of the request.
    var requestHash: [UInt8]

    init(
        id: NameHash, stamp: UInt64, cipher: UInt16 = 0, key: [UInt8] = [], data: [UInt8] = [],
        requestHash: [UInt8] = []
    ) {
        (self.id, self.stamp, self.cipher, self.key) = (id, stamp, cipher, key)
        (self.data, self.requestHash) = (data, requestHash)
        (kdf, digest) = (0, 0)
    }

    /// Reads the header that is all of `bytes`; nil if its lengths do not come out even.
    init?(_ bytes: RawSpan, isAnswer: Bool) {
        guard let id = NameHash(bytes, at: 0), let stamp = bytes.bigEndian(UInt64.self, at: 16),
            let cipher = bytes.bigEndian(UInt16.self, at: 24), let kdf = bytes.bigEndian(UInt16.self, at: 26),
            let digest = bytes.bigEndian(UInt16.self, at: 28), let certificate = bytes.bigEndian(UInt16.self, at: 30),
            let keyWord = bytes.bigEndian(UInt16.self, at: 32), let count = bytes.bigEndian(UInt16.self, at: 34)
        else { return nil }
        // The two high bits of the key's length say how it is encoded.
        let key = Self.size + Int(certificate)
        let data = key + Int(keyWord & 0x3FFF)
        let end = data + Int(count)
        guard end + (isAnswer ? SHA384.size : 0) == bytes.byteCount else { return nil }
        self.init(
            id: id, stamp: stamp, cipher: cipher, key: [UInt8](bytes.extracting(key..<data)),
            data: [UInt8](bytes.extracting(data..<end)), requestHash: [UInt8](bytes.extracting(end..<bytes.byteCount)))
        (self.kdf, self.digest) = (kdf, digest)
    }

    /// The header as it travels.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.size + key.count + data.count + requestHash.count)
        bytes.append(bigEndian: id.high)
        bytes.append(bigEndian: id.low)
        bytes.append(bigEndian: stamp)
        for field in [cipher, kdf, digest, 0, UInt16(key.count), UInt16(data.count)] { bytes.append(bigEndian: field) }
        bytes.append(contentsOf: key)
        bytes.append(contentsOf: data)
        bytes.append(contentsOf: requestHash)
        return bytes
    }
}
