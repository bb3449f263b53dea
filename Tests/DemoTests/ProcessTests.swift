import Foundation
import Sockets
import Testing
import Wiring

@testable import Commanding
@testable import DemoKit

#if os(Linux)
    private let isLinux = true
#else
    private let isLinux = false
#endif

/// Whole demos, as a shell runs them: where their input and output go, and what status they end with.
@Suite("A demo as a process") struct ProcessTests {
    private static let isRequired = ProcessInfo.processInfo.environment["TYMIST_REQUIRE_TOOLS"] == "1"
    private static let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path

    /// What a command of the shell did; `@` stands for the folder of the demos. Nil where they were not built.
    private func shell(_ command: String) throws -> (status: Int32, out: String, err: String)? {
        guard FileManager.default.isExecutableFile(atPath: Self.folder + "/memo-peer") else {
            #expect(!Self.isRequired, "there are no demos in \(Self.folder): build the package first")
            print("did not run: these tests need the demos")
            return nil
        }
        let process = Process()
        let (out, err) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command.replacingOccurrences(of: "@", with: "'\(Self.folder)'/")]
        process.environment = ["SWIFT_BACKTRACE": "enable=no", "PATH": "/usr/bin:/bin"]
        process.standardOutput = out
        process.standardError = err
        try process.run()
        let texts = [out, err].map { String(decoding: $0.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }
        process.waitUntilExit()
        return (process.terminationStatus, texts[0], texts[1])
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "tymist-process-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    #if os(Linux)
        @Test("complains as far as it can, and ends with its status, where standard error takes nothing")
        func fullError() throws {
            #expect(try shell("@demo --bad 2>/dev/full").map { $0.status == 2 } ?? true)
            #expect(try shell("@demo --bad 2>&-").map { $0.status == 2 } ?? true)
        }

        @Test("says so, and ends with status 1, where what it prints finds no room")
        func fullOutput() throws {
            guard let found = try shell("@memo-peer listen --udp 127.0.0.1:0 --time 0.05 --json >/dev/full") else {
                return
            }
            #expect(found.status == 1)
            #expect(found.err == "memo-peer: what it printed could not be written\n")
            #expect(try shell("@memo-peer --help >/dev/full")?.status == 1)
            for command in ["hello", "embed own", "embed --help", "rehearse hash --scenario memos --seed 1"] {
                let found = try #require(try shell("@\(command) >/dev/full"))
                #expect(found.status == 1, "\(command)")
                let name = command.prefix { $0 != " " }
                #expect(found.err == "\(name): what it printed could not be written\n")
            }
        }

        @Test("a rehearsal that is interrupted says what it has found, and ends with status 1")
        func interrupted() throws {
            let words = "--scenario memos --seeds 1..100000000 --json"
            let found = try #require(try shell("timeout --preserve-status -s INT 2 @rehearse \(words)"))
            #expect(found.status == 1)  // not all was done that was asked for
            let end = try #require(found.out.split(separator: "\n").last)
            #expect(end.hasPrefix("{\"event\":\"end\",\"done\":") && end.contains("\"of\":100000000,"))
        }

        @Test("names a recording that finds no room, without the usage")
        func fullRecording() throws {
            let command = "@memo-peer listen --udp 127.0.0.1:0 --time 0.05 --record /dev/full"
            guard let found = try shell(command) else { return }
            #expect(found.status == 2)
            #expect(found.err == "memo-peer: --record /dev/full: cannot be written: No space left on device\n")
        }
    #endif

    @Test("takes no socket of its own for a standard stream that its caller has closed")
    func closedStreams() throws {
        let start = Date()
        guard let found = try shell("@memo-peer chat --udp 127.0.0.1:0 --to 127.0.0.1:9 --time 60 <&-") else { return }
        #expect(found.status == 0)
        #expect(found.out.hasSuffix("\n0 sent, 0 received\n"))
        #expect(Date().timeIntervalSince(start) < 30)  // the input that is not there has ended
    }

    @Test("tells the sender of a plain memo that the port is closed, where the system tells", .enabled(if: isLinux))
    func closedPort() throws {
        let peer = try UDPPeer(port: 0)
        try peer.open()
        let place = peer.address
        peer.close()
        guard let found = try shell("@memo-peer send --udp 127.0.0.1:0 --to \(place) --memo x --time 20") else {
            return
        }
        #expect(found.status == 1)
        #expect(found.out.contains("nobody listens at \(place)\n"), "\(found.out)")
    }

    @Test("refuses a place or a file that cannot be meant, in words, before anything is made of it")
    func badPlaces() throws {
        guard let chart = try shell("@memo-peer listen --udp 127.0.0.1:0 --chart x.pdf") else { return }
        #expect(chart.status == 2)
        #expect(
            chart.err == """
                memo-peer: --chart x.pdf: expected a name that ends in .svg, or in .mmd or .md for Mermaid
                (memo-peer --help says what there is)

                """)
        try withDirectory { path in
            let nowhere = try shell("@memo-peer listen --uxd \(path)/no/red.uxd")
            #expect(nowhere?.err.hasPrefix("memo-peer: --uxd \(path)/no/red.uxd: there is no directory") == true)
            #expect(!FileManager.default.fileExists(atPath: path + "/no"))
        }
        let family = try shell("@memo-peer send --udp localhost:0 --to [::1]:9")
        #expect(
            family?.status == 2 && family?.err.contains("an IPv6 address, and --udp 127.0.0.1:0 is an IPv4") == true)
    }

    @Test("draws what a frame peer says and hears")
    func frameChart() throws {
        try withDirectory { path in
            let listener = "@frame-peer server --listen \(path)/s --echo --count 2 --time 20 >/dev/null"
            let client = "@frame-peer client --connect \(path)/s --echo --count 2 --again 1 --time 20"
            guard
                let found = try shell(
                    "\(listener) & \(client) --chart \(path)/c.svg --trace \(path)/c.log; e=$?; wait; exit $e")
            else { return }
            #expect(found.status == 0, "\(found.out)\(found.err)")
            let chart = try String(contentsOfFile: path + "/c.svg", encoding: .utf8)
            #expect(chart.contains("<svg ") && chart.components(separatedBy: "marker-end").count - 1 >= 4)
            let log = try String(contentsOfFile: path + "/c.log", encoding: .utf8)
            #expect(log.split(separator: "\n").count >= 4)
        }
    }

    @Test("refuses bad words on standard error and with status 2")
    func badWords() throws {
        guard let embed = try shell("@embed nothing") else { return }
        #expect(embed.status == 2 && embed.out.isEmpty)
        #expect(embed.err.hasPrefix("embed: which host? \"nothing\" is none\n"))
        let set = try shell("@rehearse --scenario memos --seed 1 --set a=1")
        #expect(set?.status == 2)
        #expect(set?.err.hasPrefix("rehearse: --set: no such option: a\n") == true)
        let plan = try shell("@rehearse --scenario memos --seed 1 --plan 'cut nobody'")
        #expect(plan?.status == 2)
        #expect(plan?.err.hasPrefix("rehearse: --plan: \"cut nobody #1\": there is no host \"nobody\"\n") == true)
        try withDirectory { path in
            let pcap = try shell("@memo-peer listen --udp 127.0.0.1:0 --time 0.05 --pcap '\(path)'")
            #expect(pcap?.status == 2 && pcap?.out == "")  // found out before the work
        }
    }

    @Test("a recording replays where the other files of its run can no longer be written, and writes none")
    func replayWithoutOutputs() throws {
        try withDirectory { path in
            let files = path + "/files"
            try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: false)
            let words = "listen --udp 127.0.0.1:0 --time 0.05 --pcap '\(files)/pcap' --record '\(path)/record'"
            guard let recorded = try shell("@memo-peer \(words)") else { return }
            #expect(recorded.status == 0)
            try FileManager.default.removeItem(atPath: files + "/pcap")
            #expect(try shell("@rehearse replay '\(path)/record'")?.status == 0)
            #expect(!FileManager.default.fileExists(atPath: files + "/pcap"))
            try FileManager.default.removeItem(atPath: files)
            #expect(try shell("@rehearse replay '\(path)/record'")?.status == 0)
        }
    }

    @Test("a packet log has one line for each datagram, whatever the path of its sender")
    func oddPath() throws {
        try withDirectory { path in
            var words = Arguments([
                "listen", "--uxd", path + "/red", "--time", "1", "--trace", path + "/trace", "--json",
            ])
            Thread.detachNewThread {
                for _ in 0..<2000 where !FileManager.default.fileExists(atPath: path + "/red") { usleep(1000) }
                guard let peer = try? UXDPeer(at: UXDPath(path + "/a\n\u{1b}[2J")), (try? peer.open()) != nil,
                    let red = try? UXDPeer.address(of: path + "/red")
                else { return }
                let bytes: [UInt8] = [1, 2, 3]
                _ = try? peer.send(bytes.span.bytes, Train(peer: red, segment: 3), at: 0)
                peer.close()
            }
            #expect(try MemoPeer.run(&words, stopOn: []))
            let trace = try String(contentsOfFile: path + "/trace", encoding: .utf8)
            #expect(trace.hasSuffix(" B\n") && trace.contains("/a··[2J "))
            #expect(trace.split(separator: "\n").count == 1)
        }
    }

    @Test("what others send moves no cursor")
    func printableText() {
        #expect(printable("red\u{1b}[2J\u{7}\n\u{9b}blu é→") == "red·[2J···blu é→")
        #expect(printable("") == "")
    }
}
