#if !canImport(CryptoKit)
    import Doing
    import Signing
    import Simming
    import Testing
    import Wiring

    @testable import Flowing

    @Suite("Sealed flows (cypher_s)")
    struct SealTests {
        static let sealed = QoSSpec(cipherStrength: 256)

        static func cipher(_ seed: UInt64 = 7) throws -> SodiumFlowCipher<Xoshiro256> {
            try SodiumFlowCipher(random: Xoshiro256(seed: seed))
        }

        /// The seals of both ends.
        static func pair() throws -> (any FlowSealing, any FlowSealing) {
            let cipher = try cipher()
            let (one, other) = (cipher.share(), cipher.share())
            #expect(one.bytes.count == 32 && one.bytes != other.bytes)
            return (try #require(one.agree(other.bytes, true)), try #require(other.agree(one.bytes, false)))
        }

        static func seal(_ sealing: any FlowSealing, _ packet: [UInt8]) -> [UInt8] {
            var sealed: [UInt8] = []
            sealing.seal(packet.span.bytes, into: &sealed)
            return sealed
        }

        static func opening(_ sealing: any FlowSealing, _ sealed: [UInt8]) -> FlowOpening {
            var packet: [UInt8] = []
            return sealing.open(sealed.span.bytes, into: &packet)
        }

        static func open(_ sealing: any FlowSealing, _ sealed: [UInt8]) -> [UInt8]? {
            var packet: [UInt8] = []
            return sealing.open(sealed.span.bytes, into: &packet) == .opened ? packet : nil
        }

        @Test("both ends agree, each way has its key, and a seal adds 24 bytes")
        func agreed() throws {
            let (one, other) = try Self.pair()
            for count in [0, 1, 20, 1000] {
                let packet = packet(9, max(4, count)).prefix(count)
                let sealed = Self.seal(one, Array(packet))
                #expect(sealed.count == count + 24)
                #expect(Self.open(one, sealed) == nil)
                #expect(Self.open(other, sealed) == Array(packet))
                #expect(Self.open(one, Self.seal(other, Array(packet))) == Array(packet))
            }
            let share = try Self.cipher().share()
            #expect(share.agree([1, 2, 3], true) == nil)
            // A share that makes no secret: the point of order one.
            #expect(share.agree([UInt8](repeating: 0, count: 32), true) == nil)
        }

        @Test("any flipped bit breaks the seal, and what was opened is not opened again, however late it comes")
        func broken() throws {
            let (one, other) = try Self.pair()
            let sealed = Self.seal(one, packet(1, 10))
            for bit in 0..<sealed.count * 8 {
                var wrong = sealed
                wrong[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(Self.open(other, wrong) == nil)
            }
            for count in 0..<sealed.count { #expect(Self.open(other, Array(sealed.prefix(count))) == nil) }
            #expect(Self.open(other, sealed) != nil)
            var all = [sealed]
            for number in 0..<3000 { all.append(Self.seal(one, packet(number))) }
            #expect(Self.opening(other, sealed) == .replayed)
            // Out of order within 1,024.
            #expect(Self.open(other, all[1000]) != nil && Self.open(other, all[3]) != nil)
            #expect(Self.opening(other, all[1000]) == .replayed)
            #expect(Self.opening(other, all[3]) == .replayed)
            #expect(Self.open(other, all[999]) != nil && Self.open(other, all[1023]) != nil)
            #expect(Self.open(other, all[2500]) != nil)
            #expect(Self.opening(other, all[1476]) == .replayed)
            #expect(Self.open(other, all[1477]) != nil && Self.open(other, all[2499]) != nil)
        }

        @Test("with flipped bits, twice, lost and out of order, what is handed on is what was written")
        func badLink() throws {
            let link = SimLink(delay: 0.01, jitter: 0.02, loss: 0.1).with(duplicate: 0.2, corrupt: 0.1)
            for qos in [
                QoSSpec(loss: 0, inOrder: true, cipherStrength: 128), QoSSpec(bitErrors: 0, cipherStrength: 256),
                Self.sealed,
            ] {
                let world = try World(.own, link, seed: 5, cipher: try Self.cipher())
                let (flow, other) = try world.connect(qos, within: 60)
                #expect(flow.seal != nil && other.seal != nil && other.qos.cipherStrength == 256)
                let all = (0..<300).map { packet($0, 200) }
                for packet in all {
                    flow.write(packet)
                    try world.run(0.002)
                }
                try world.run(3)
                var got: [[UInt8]] = []
                while let packet = other.read() { got.append(packet) }
                let numbers = got.map(number)
                #expect(got.allSatisfy { $0 == all[min(299, number($0))] })
                #expect(Set(numbers).count == numbers.count)
                if qos.isReliable { #expect(got == all) } else { #expect((200..<299).contains(got.count)) }
                let counts = world.serverCore.statistics
                #expect(counts[.flippedBits] > 10 && counts[.replayed] > 10)
            }
        }

        @Test("what travels is not what was written; the same seed seals to the same bytes, another to others")
        func wire() throws {
            func travelled(_ seed: UInt64, _ qos: QoSSpec) throws -> [[UInt8]] {
                let cores = try (0..<2).map { index in
                    let core = FlowCore(.own, random: Xoshiro256(seed: UInt64(index)))
                    core.cipher = try Self.cipher(seed + UInt64(index))
                    return core
                }
                let nets = cores.map {
                    FlowNet([
                        FlowLayer(
                            "x", $0, over: LocalTransport(), directory: FlowDirectory { _ in HostileTests.friend })
                    ])
                }
                try nets[1].serve("oecho")
                let flow = nets[0].alloc("oecho", qos: qos)
                var all: [[UInt8]] = []
                for _ in 0..<4 {
                    for (from, to) in [(cores[0], cores[1]), (cores[1], cores[0])] {
                        for datagram in HostileTests.sent(from) {
                            all.append(datagram)
                            HostileTests.feed(to, datagram)
                        }
                    }
                    _ = nets[1].accept()
                    if flow.isUp, flow.txQueueLength == 0 { flow.write("attack at dawn") }
                }
                return all
            }
            func tells(_ datagrams: [[UInt8]]) -> Bool {
                datagrams.contains { String(decoding: $0, as: UTF8.self).contains("attack at dawn") }
            }
            let first = try travelled(3, Self.sealed)
            #expect(first.contains { $0.count == 4 + 24 + 14 } && !tells(first))
            #expect(try travelled(3, Self.sealed) == first && travelled(4, Self.sealed) != first)
            #expect(tells(try travelled(3, .raw)))
        }

        @Test("without a cipher at the other end, for more bits than it has, or on Ouroboros' wire it is refused")
        func refused() throws {
            let world = try World()
            world.clientCore.cipher = try Self.cipher()
            let flow = world.client.alloc("oecho", qos: Self.sealed)
            try world.run(0.2)
            #expect(flow.end == .refused(.noCipher) && world.serverCore.flows == 0)
            #expect(world.client.alloc("oecho", qos: QoSSpec(cipherStrength: 257)).end == .refused(.noCipher))
            let other = try World(.ouroborosUDP023, cipher: try Self.cipher())
            #expect(other.client.alloc("oecho", qos: Self.sealed).end == .refused(.noCipher))
            #expect(try Self.cipher().number >= 0x8000)
        }
    }
#endif
