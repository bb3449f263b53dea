import Doing
import Testing
import Wiring

@testable import Sockets

@Suite("numbers for paths") struct PathTableTests {
    private func number(_ table: inout PathTable, _ path: String) -> UInt64? {
        Array(path.utf8).withUnsafeBytes { table.number(of: $0) }
    }

    private func pin(_ table: inout PathTable, _ path: String) -> UInt64? {
        Array(path.utf8).withUnsafeBytes { table.pin($0) }
    }

    private func path(_ table: inout PathTable, _ number: UInt64) -> String? {
        table.withPath(number) { String(decoding: $0, as: UTF8.self) }
    }

    @Test("a path keeps its number, and two paths never share one")
    func stable() throws {
        var table = PathTable(capacity: 1000)
        var numbers: [UInt64] = []
        for index in 0..<1000 { numbers.append(try #require(number(&table, "/p/\(index)"))) }
        #expect(Set(numbers).count == 1000)
        for index in 0..<1000 {
            #expect(number(&table, "/p/\(index)") == numbers[index])
            #expect(path(&table, numbers[index]) == "/p/\(index)")
        }
        #expect(table.count == 1000 && table.forgotten == 0)
    }

    @Test("the table is bounded; the number of a forgotten path reaches nobody and never comes back")
    func bounded() throws {
        var table = PathTable(capacity: 8)
        var seen: Set<UInt64> = []
        var first: UInt64 = 0
        for index in 0..<10_000 {
            let number = try #require(number(&table, "/p/\(index)"))
            if index == 0 { first = number }
            #expect(seen.insert(number).inserted)
        }
        #expect(table.count == 8 && table.forgotten == 9992)
        #expect(path(&table, first) == nil)
        let again = try #require(number(&table, "/p/0"))
        #expect(again != first && path(&table, first) == nil && path(&table, again) == "/p/0")
    }

    @Test("what is in use outlives a flood of strangers that come once")
    func clock() throws {
        var table = PathTable(capacity: 8)
        let friend = try #require(number(&table, "/friend"))
        for index in 0..<1000 {
            _ = number(&table, "/stranger/\(index)")
            #expect(path(&table, friend) == "/friend")
        }
    }

    @Test("pinned paths stay; no more than half the table can be pinned, and pins are counted")
    func pins() throws {
        var table = PathTable(capacity: 8)
        let own = try #require(pin(&table, "/own"))
        #expect(pin(&table, "/own") == own && table.pinned == 1)
        for index in 0..<3 { #expect(pin(&table, "/pin/\(index)") != nil) }
        #expect(pin(&table, "/pin/3") == nil)
        for index in 0..<1000 { #expect(number(&table, "/stranger/\(index)") != nil) }
        #expect(path(&table, own) == "/own")
        table.unpin(own)
        #expect(table.pinned == 4)
        table.unpin(own)
        table.unpin(own)  // one too many does nothing
        #expect(table.pinned == 3)
        for index in 0..<20 { _ = number(&table, "/late/\(index)") }
        #expect(path(&table, own) == nil)
    }

    @Test("numbers that nobody gave are nobody's")
    func unknown() {
        var table = PathTable(capacity: 8)
        for number in [0, 1, 1 << 16, .max] as [UInt64] { #expect(path(&table, number) == nil) }
    }
}

@Suite("hio's paths") struct UXDPathTests {
    @Test(
        "head, hio/uxd, base, name, and .uxd unless the name has an extension",
        arguments: [
            ("main", "", "/h/hio/uxd/main.uxd"), ("red", "one", "/h/hio/uxd/one/red.uxd"),
            ("a.b", "", "/h/hio/uxd/a.b"), (".a", "", "/h/hio/uxd/.a.uxd"), ("d.x/a", "", "/h/hio/uxd/d.x/a.uxd"),
            ("a.", "b/./c", "/h/hio/uxd/b/c/a."), ("..a", "", "/h/hio/uxd/..a.uxd"),
        ])
    func derived(name: String, base: String, path: String) throws {
        #expect(try UXDPath(name: name, base: base, head: "/h").path == path)
    }

    @Test("the default head is /usr/local/var and the fallback stands under the home directory")
    func defaults() throws {
        let path = try UXDPath(name: "red")
        #expect(path.path == "/usr/local/var/hio/uxd/red.uxd")
        #expect(path.fallback?.hasSuffix("/.hio/uxd/red.uxd") == true)
    }

    @Test(
        "names that are absolute, climb, are empty or hold a NUL are refused",
        arguments: ["/a", "../a", "a/../b", "", ".", "a/", "a\0"])
    func badNames(name: String) {
        #expect(throws: TransportError.self) { try UXDPath(name: name) }
        #expect(throws: TransportError.self) { try UXDPath.temporary(name: name) }
    }

    @Test("a temporary peer stands in a fresh directory that goes with it; so does a derived one of a temporary doer")
    func temporary() throws {
        let peer = try UXDPeer(at: .temporary(name: "red"))
        try peer.open()
        let path = try #require(peer.path)
        #expect(path.hasSuffix("_test/hio/uxd/red.uxd") && path.contains("/hio_uxd_"))
        let head = String(path.dropLast("/hio/uxd/red.uxd".count))
        #expect(FileStatus(head)?.mode == 0o700)
        peer.close()
        #expect(FileStatus(head) == nil)

        let derived = try UXDPeer(name: "blu")
        try derived.open(for: Doer(name: "t", temp: true))
        #expect(derived.path?.contains("/hio_uxd_") == true)
        derived.close()
    }

    @Test("where the head cannot be made the fallback is used; existing finds either")
    func fallback() throws {
        try withDirectory { directory in
            let place = try UXDPath(name: "sk-test-fallback", head: "/proc/nothing")
            #expect(place.existing == nil)
            let peer = try UXDPeer(at: place)
            try peer.open()
            #expect(peer.path == place.fallback && place.existing == place.fallback)
            peer.close()
            let own = try UXDPath(name: "a", head: directory + "/new")
            let other = try UXDPeer(at: own)
            try other.open()
            #expect(other.path == directory + "/new/hio/uxd/a.uxd" && own.existing == own.path)
            // The head is the system's: others may pass. What is hio's is ours.
            #expect(FileStatus(directory + "/new")?.mode == 0o755)
            #expect(FileStatus(directory + "/new/hio")?.mode == 0o700)
        }
    }
}
