import CoDoing
import Doing
import Testing

@Suite("Promises in linear code")
struct PromiseTests {
    @Test("bodies wait for a promise in the order in which they came, and one that is resolved does not wait")
    func get() throws {
        let log = Log()
        let promise = Promise<String>()
        let readers = ["a", "b"].map { name in
            Body(name) { _ in log.add("\(name) \(try await promise.get()) at \(currentTyme)") }
        }
        let resolver = Body("resolver") { _ in
            try await sleep(for: 0.25)
            log.add("\(promise.resolve("yes")) \(promise.resolve("no"))")
            log.add("again \(try await promise.get()) at \(currentTyme)")
        }
        try Doist(readers + [resolver]).run()
        #expect(
            log.lines == ["true false", "again yes at 0.25", "a yes at 0.28125", "b yes at 0.28125"])
    }

    @Test("a forced close ends the wait for a promise with CancellationError, and a later resolve finds nobody")
    func closed() throws {
        let log = Log()
        let promise = Promise<Int>()
        let body = Body { _ in
            do { log.add("\(try await promise.get())") } catch {
                log.add("\(error is CancellationError) at \(currentTyme)")
            }
        }
        try Doist([body]).run(limit: 1)
        #expect(promise.resolve(1))
        #expect(log.lines == ["true at 1.0"])
    }

    @Test("pieces run together see what their doer sees; the first error cancels the others")
    func together() throws {
        final class Counter { var count = 0 }
        struct Oops: Error {}
        let (log, counter, promise) = (Log(), Counter(), Promise<Int>())
        let body = Body { _ in
            let (one, two) = try await CoDoing.together {
                counter.count += 1
                return try await promise.get()
            } _: {
                try await sleep(for: 0.5)
                counter.count += 1
                promise.resolve(7)
                return "two"
            }
            log.add("\(one) \(two) \(counter.count) at \(currentTyme)")
            do {
                try await CoDoing.together([
                    { do { try await sleep(for: 9) } catch { log.add("cancelled at \(currentTyme)") } },
                    { throw Oops() },
                ])
            } catch is Oops { log.add("oops at \(currentTyme)") }
        }
        try Doist([body]).run()
        #expect(log.lines == ["7 two 2 at 0.5", "cancelled at 0.5", "oops at 0.5"])
    }
}
