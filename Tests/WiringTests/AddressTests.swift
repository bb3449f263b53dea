import Testing

@testable import Wiring

@Suite("Addresses")
struct AddressTests {
    /// Text, what it prints as. RFC 5952 §4 and §5 for the IPv6 forms.
    static let good: [(text: String, printed: String)] = [
        ("127.0.0.1:5501", "127.0.0.1:5501"), (":0", "0.0.0.0:0"), ("255.255.255.255:65535", "255.255.255.255:65535"),
        ("[::1]:80", "[::1]:80"), ("[::]:0", "[::]:0"), ("[2001:DB8:0:0:0:0:0:1]:9", "[2001:db8::1]:9"),
        ("[2001:db8:0:1:1:1:1:1]:1", "[2001:db8:0:1:1:1:1:1]:1"), ("[1:0:0:2:0:0:0:3]:1", "[1:0:0:2::3]:1"),
        ("[2001:db8:0:0:1:0:0:1]:1", "[2001:db8::1:0:0:1]:1"), ("[fe80::1%3]:7", "[fe80::1%3]:7"),
        ("[1:2:3:4:5:6:7::]:1", "[1:2:3:4:5:6:7:0]:1"), ("[64:ff9b::192.0.2.33]:1", "[64:ff9b::c000:221]:1"),
        ("[::ffff:192.0.2.1]:53", "192.0.2.1:53"), ("localhost:5501", "127.0.0.1:5501"),
    ]

    @Test("a numeric address is read and printed", arguments: good)
    func reads(text: String, printed: String) throws {
        let address = try Address(text)
        #expect(address.description == printed)
        #expect(try Address(printed) == address)
    }

    @Test(
        "anything else is refused with the text",
        arguments: [
            "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+5", "127.0.0.01:5",
            "127.0.0:5", "1.2.3.4.5:5", "256.0.0.1:5", "localhos:5", "[localhost]:5", "LOCALHOST.:5", "[::1:5",
            "::1]:5", "[:::]:5", "[1::2::3]:5",
            "[1:2:3:4:5:6:7]:5", "[1:2:3:4:5:6:7:8:9]:5", "[1:2:3:4:5:6:7:8::]:5", "[12345::]:5", "[::g]:5",
            "[fe80::1%eth0]:5", "[fe80::1%4294967296]:5", "::1:5:", "[]:5", "[::+1]:5", "[::1%]:5", "[::1.2.3.4:5]:5",
        ])
    func refuses(text: String) { #expect(throws: AddressError.self) { try Address(text) } }

    @Test("a host stands alone with a port beside it")
    func host() throws {
        #expect(try Address(host: "::1", port: 5) == Address("[::1]:5"))
        #expect(try Address(host: "[::1]", port: 5) == Address("[::1]:5"))
        #expect(try Address(host: "", port: 5) == .ip4(0, port: 5))
        #expect(try Address(host: "localhost", port: 5) == Address("127.0.0.1:5"))
        #expect(throws: AddressError.badHost("nowhere")) { try Address(host: "nowhere", port: 5) }
        #expect(try Address("10.1.2.3:4").with(port: 9).description == "10.1.2.3:9")
    }

    @Test("an IPv4-mapped address is the IPv4 address")
    func mapped() {
        #expect(Address.ip6(0, 0xFFFF_7F00_0001, port: 7) == .ip4(0x7F00_0001, port: 7))
    }

    @Test("an address is three words, ordered by them")
    func order() {
        #expect(MemoryLayout<Address>.size == 24)
        let sorted = [
            Address.none, .unix(1), .unix(2), .host(0), .ip4(1, port: 1), .ip4(0, port: 2), .ip6(0, 1, port: 0),
        ]
        #expect(sorted.sorted() == sorted)
        #expect(Address.none.isNone && !Address.unix(0).isNone)
        #expect(Address(tag: .max, hi: 0, lo: 0).family == .none)
    }

    @Test("every family has words of its own")
    func words() {
        #expect(Address.unix(7).description == "path#7")
        #expect(Address.host(3, port: 9).description == "host3:9")
        #expect(Address.none.description == "nobody")
    }
}
