import CBench
import DemoKit

/// A server of echoed frames in a process of its own, on the second core.
struct StreamServer {
    let name: String
    let process: Int32
    let port: Int

    /// Forks; `body` serves until the process is ended.
    init(_ name: String, port: Int, _ body: () throws -> Void) {
        let child = lbc_fork()
        if child == 0 {
            _ = lbc_pin(1)
            do { try body() } catch { print("server: \(error)") }
            lbc_leave()
        }
        (self.name, self.process, self.port) = (name, child, port)
    }

    /// The yardstick: C, which blocks in read.
    static func yardstick(_ framing: Int) throws -> StreamServer {
        var port: Int32 = 0
        let listener = lbc_listen(&port)
        guard listener >= 0 else { throw UsageError("no listener for the yardstick") }
        return StreamServer("c_echo", port: Int(port)) { lbc_echo(listener, Int32(framing)) }
    }

    func end() { _ = lbc_end(process) }
}

/// One load, run against several servers in turn, the yardstick last.
struct StreamLoad {
    /// How frames are written: `LBC_INT32` and so on.
    var framing = LBC_INT32
    /// Bytes of a frame's payload.
    var size: Int
    /// Frames under way at most; 1 is ping-pong, as is everything that is handshaken.
    var inflight: Int

    /// What one server did in each round.
    private struct Result {
        var rates: [Double] = []
        /// Microseconds of processor a frame.
        var cpu: [Double] = []
    }

    /// One JSON line: frames a second and processor time a frame of each server, and ours over the yardstick's.
    func compare(_ row: String, _ servers: [StreamServer], rounds: Int, seconds: Double) throws {
        var results = [Result](repeating: Result(), count: servers.count)
        for server in servers { _ = try run(against: server, seconds / 4) }
        for _ in 0..<rounds {
            for (place, server) in servers.enumerated().reversed() {
                let before = lbc_cpu_of(server.process)
                let load = try run(against: server, seconds)
                results[place].rates.append(Double(load.frames) / load.seconds)
                results[place].cpu.append((lbc_cpu_of(server.process) - before) / Double(load.frames) * 1e6)
            }
        }
        var line = JSONLine()
        line.add("row", row)
        line.add("size", size)
        line.add("inflight", inflight)
        for (server, result) in zip(servers, results) {
            line.add(server.name, LoopbackRounds.spread(result.rates))
            line.add("\(server.name)_cpu_us", LoopbackRounds.median(result.cpu), digits: 3)
        }
        let yardstick = LoopbackRounds.median(results[servers.count - 1].rates)
        line.add("ratio", LoopbackRounds.median(results[0].rates) / yardstick, digits: 3)
        if servers.count > 2 {
            line.add("\(servers[1].name)_ratio", LoopbackRounds.median(results[1].rates) / yardstick, digits: 3)
        }
        print(line)
    }

    private func run(against server: StreamServer, _ seconds: Double) throws -> lbc_load {
        var result = lbc_load()
        let error = lbc_load_run(Int32(server.port), Int32(framing), Int32(size), inflight, seconds, &result)
        guard error == 0 else { throw UsageError("the load on \(server.name): error \(error)") }
        guard result.bad == 0 else { throw UsageError("\(result.bad) echoes of \(server.name) differ") }
        return result
    }
}
