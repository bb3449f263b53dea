#if !canImport(CryptoKit)
    import Doing
    import Flowing
    import Memoing

    /// Seals flows by libsodium: keys agreed on by X25519, packets by XChaCha20-Poly1305, loaded when asked for.
    ///
    /// ```swift
    /// core.cipher = try SodiumFlowCipher()                            // at both ends
    /// let flow = net.alloc("oecho", qos: QoSSpec(cipherStrength: 256))
    /// ```
    /// Each flow has two keys of its own, one a direction, which no later flow has. A sealed packet is a count of eight
    /// bytes, what the cipher makes of the packet, and a tag of 16. A count that was opened, or is 1,024 behind the
    /// greatest, is not opened again.
    ///
    /// It is another protocol than Ouroboros' encryption, and has another number. Nobody proves who he is: whoever can
    /// change what travels may be in the middle. What begins and ends a flow, and keep-alives, are not sealed.
    ///
    /// - Source: libsodium, `crypto_kx.h` and `crypto_aead_xchacha20poly1305.h`.
    public final class SodiumFlowCipher<Random: RandomSource>: FlowCipher {
        private let functions: SodiumSealing
        private var random: Random

        /// By the first of libsodium's libraries that can be loaded, with the system's randomness.
        ///
        /// - Throws: `SignerError.libraryMissing` names what was looked for and what to install.
        public convenience init() throws(SignerError) where Random == SystemGenerator { try self.init(random: .system) }

        /// The same with a generator of any kind: one that is seeded makes the same keys in each run of a simulation.
        ///
        /// - Parameter random: where keys come from.
        /// - Throws: `SignerError.libraryMissing` names what was looked for and what to install.
        public init(random: Random) throws(SignerError) {
            functions = try SodiumSealing(SodiumLibrary.names)
            self.random = random
        }

        public let number: UInt16 = 0x8001
        public let strength: UInt16 = 256
        public let overhead = SodiumSealing.overhead

        public func share() -> (bytes: [UInt8], agree: (_ peer: [UInt8], _ isAsker: Bool) -> (any FlowSealing)?) {
            var seed: [UInt8] = []
            for _ in 0..<4 {
                let word = random.next()
                for byte in 0..<8 { seed.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))) }
            }
            let pair = functions.pair(seed)
            functions.clear(&seed)
            let functions = functions
            return (
                pair.key,
                { peer, isAsker in
                    functions.keys(pair, peer, isAsker: isAsker).map { SodiumFlowSealing(functions, $0.rx, $0.tx) }
                }
            )
        }
    }

    /// The seals of one flow.
    final class SodiumFlowSealing: FlowSealing {
        private let functions: SodiumSealing
        private var rx, tx: [UInt8]
        /// How many were sealed; the greatest count that was opened, and those up to 1,024 behind it, a bit each.
        private var sealed: UInt64 = 0
        private var greatest: UInt64 = 0
        private var seen = [UInt64](repeating: 0, count: 16)
        static let reach: UInt64 = 1024

        init(_ functions: SodiumSealing, _ rx: [UInt8], _ tx: [UInt8]) {
            (self.functions, self.rx, self.tx) = (functions, rx, tx)
        }

        deinit {
            functions.clear(&rx)
            functions.clear(&tx)
        }

        func seal(_ packet: RawSpan, into sealed: inout [UInt8]) {
            self.sealed += 1
            for byte in 0..<8 { sealed.append(UInt8(truncatingIfNeeded: self.sealed >> UInt64(56 - 8 * byte))) }
            functions.seal(packet, count: self.sealed, key: tx, into: &sealed)
        }

        func open(_ sealed: RawSpan, into packet: inout [UInt8]) -> FlowOpening {
            guard sealed.byteCount >= SodiumSealing.overhead else { return .broken }
            var count: UInt64 = 0
            for byte in 0..<8 {
                count = unsafe count << 8 | UInt64(sealed.unsafeLoad(fromByteOffset: byte, as: UInt8.self))
            }
            guard count > 0 else { return .broken }
            // Who cannot seal moves nothing: the count counts once the seal holds.
            guard functions.open(sealed.extracting(8..<sealed.byteCount), count: count, key: rx, into: &packet) else {
                return .broken
            }
            guard isNew(count) else { return .replayed }
            return .opened
        }

        /// Notes a count; false if it was opened already, or is too old to tell.
        private func isNew(_ count: UInt64) -> Bool {
            if count > greatest {
                // The bits of the counts that are passed are free for the next round.
                if count - greatest >= Self.reach {
                    seen = [UInt64](repeating: 0, count: 16)
                } else {
                    for passed in greatest + 1...count { seen[word(passed)] &= ~bit(passed) }
                }
                greatest = count
            } else if greatest - count >= Self.reach || seen[word(count)] & bit(count) != 0 {
                return false
            }
            seen[word(count)] |= bit(count)
            return true
        }

        private func word(_ count: UInt64) -> Int { Int(count % Self.reach / 64) }
        private func bit(_ count: UInt64) -> UInt64 { 1 << (count % 64) }
    }

    /// What libsodium does for it.
    @safe struct SodiumSealing: Sendable {
        /// The count, and the tag.
        static let overhead = 8 + 16

        private typealias Pair =
            @Sendable @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeRawPointer) -> Int32
        private typealias Keys =
            @Sendable @convention(c) (
                UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer
            ) -> Int32
        private typealias Encrypt =
            @Sendable @convention(c) (
                UnsafeMutableRawPointer, UnsafeMutablePointer<UInt64>?, UnsafeRawPointer?, UInt64, UnsafeRawPointer?,
                UInt64, UnsafeRawPointer?, UnsafeRawPointer, UnsafeRawPointer
            ) -> Int32
        private typealias Decrypt =
            @Sendable @convention(c) (
                UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt64>?, UnsafeMutableRawPointer?, UnsafeRawPointer,
                UInt64, UnsafeRawPointer?, UInt64, UnsafeRawPointer, UnsafeRawPointer
            ) -> Int32
        private typealias Clear = @Sendable @convention(c) (UnsafeMutableRawPointer, Int) -> Void

        private let makePair: Pair
        private let askerKeys, otherKeys: Keys
        private let encrypt: Encrypt
        private let decrypt: Decrypt
        private let zero: Clear

        init(_ libraries: [String]) throws(SignerError) {
            let library = try SodiumLibrary(libraries)
            unsafe makePair = try unsafe library.find("crypto_kx_seed_keypair", as: Pair.self)
            unsafe askerKeys = try unsafe library.find("crypto_kx_client_session_keys", as: Keys.self)
            unsafe otherKeys = try unsafe library.find("crypto_kx_server_session_keys", as: Keys.self)
            let cipher = "crypto_aead_xchacha20poly1305_ietf_"
            unsafe encrypt = try unsafe library.find(cipher + "encrypt", as: Encrypt.self)
            unsafe decrypt = try unsafe library.find(cipher + "decrypt", as: Decrypt.self)
            unsafe zero = try unsafe library.find("sodium_memzero", as: Clear.self)
            try library.start()
        }

        func clear(_ secret: inout [UInt8]) {
            unsafe secret.withUnsafeMutableBytes { if let base = $0.baseAddress { unsafe zero(base, $0.count) } }
        }

        func pair(_ seed: [UInt8]) -> (key: [UInt8], secret: [UInt8]) {
            var (key, secret) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32))
            unsafe key.withUnsafeMutableBytes { key in
                unsafe secret.withUnsafeMutableBytes { secret in
                    unsafe seed.withUnsafeBytes { seed in
                        _ = unsafe makePair(key.baseAddress!, secret.baseAddress!, seed.baseAddress!)
                    }
                }
            }
            return (key, secret)
        }

        /// The two keys that this end and its peer have in common; nil if the peer's is none.
        func keys(
            _ pair: (key: [UInt8], secret: [UInt8]), _ peer: [UInt8], isAsker: Bool
        ) -> (rx: [UInt8], tx: [UInt8])? {
            guard peer.count == 32 else { return nil }
            var (rx, tx) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32))
            let make = unsafe isAsker ? askerKeys : otherKeys
            var code: Int32 = -1
            unsafe rx.withUnsafeMutableBytes { rx in
                unsafe tx.withUnsafeMutableBytes { tx in
                    unsafe pair.key.withUnsafeBytes { key in
                        unsafe pair.secret.withUnsafeBytes { secret in
                            unsafe peer.withUnsafeBytes { peer in
                                code = unsafe make(
                                    rx.baseAddress!, tx.baseAddress!, key.baseAddress!, secret.baseAddress!,
                                    peer.baseAddress!)
                            }
                        }
                    }
                }
            }
            return code == 0 ? (rx, tx) : nil
        }

        /// The nonce of a packet: its count. A key seals one direction of one flow, so none comes twice.
        private func nonce(_ count: UInt64) -> (UInt64, UInt64, UInt64) { (count.littleEndian, 0, 0) }

        func seal(_ packet: RawSpan, count: UInt64, key: [UInt8], into sealed: inout [UInt8]) {
            let start = sealed.count
            sealed.append(contentsOf: repeatElement(0, count: packet.byteCount + 16))
            let nonce = nonce(count)
            unsafe sealed.withUnsafeMutableBytes { sealed in
                unsafe packet.withUnsafeBytes { packet in
                    unsafe withUnsafeBytes(of: nonce) { nonce in
                        unsafe key.withUnsafeBytes { key in
                            _ = unsafe encrypt(
                                sealed.baseAddress! + start, nil, packet.baseAddress, UInt64(packet.count), nil, 0, nil,
                                nonce.baseAddress!, key.baseAddress!)
                        }
                    }
                }
            }
        }

        func open(_ sealed: RawSpan, count: UInt64, key: [UInt8], into packet: inout [UInt8]) -> Bool {
            let start = packet.count
            packet.append(contentsOf: repeatElement(0, count: sealed.byteCount - 16))
            let nonce = nonce(count)
            let isWhole = unsafe packet.withUnsafeMutableBytes { packet in
                unsafe sealed.withUnsafeBytes { sealed in
                    unsafe withUnsafeBytes(of: nonce) { nonce in
                        unsafe key.withUnsafeBytes { key in
                            unsafe decrypt(
                                packet.baseAddress.map { unsafe $0 + start }, nil, nil, sealed.baseAddress!,
                                UInt64(sealed.count), nil, 0, nonce.baseAddress!, key.baseAddress!) == 0
                        }
                    }
                }
            }
            if !isWhole { packet.removeLast(packet.count - start) }
            return isWhole
        }
    }
#endif
