import Rehearsing

/// The scenarios that `rehearse` knows.
public enum Scenarios {
    /// Those that must hold.
    public static let all = [
        MemoScenario.plain, MemoScenario.signed, MemoScenario.sure, MemoScenario.sureSigned, PeerScenario.scenario,
        FrameScenario.lengthType, FrameScenario.handshake, LTPScenario.scenario, FlowScenario.scenario,
    ]
    /// The one with a mistake.
    public static let fragile = FragileScenario.scenario
}
