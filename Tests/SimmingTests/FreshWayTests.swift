import Simming
import Testing

@Suite("A way that nothing has gone so far")
struct FreshWayTests {
    @Test("has its link and empty counts, whoever asks first, and however many ways there are")
    func fresh() {
        let net = SimNet(link: SimLink(delay: 0.5))
        let hosts = (0..<40).map { net.host("host\($0)") }
        // The list of ways grows several times in between.
        for (index, from) in hosts.enumerated() {
            for to in hosts[(index + 1)...] {
                #expect(net.statistics(from: from, to: to) == SimStatistics())
                #expect(net.link(from: to, to: from) == SimLink(delay: 0.5))
            }
        }
        #expect(net.statistics == SimStatistics())
    }

    @Test("to a host of another network is the user's mistake, which is named")
    func foreign() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let (net, other) = (SimNet(), SimNet())
            net.cut(net.host("red"), other.host("blu"))
        }
        let error = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(error.contains("blu is a host of another network"))
    }
}
