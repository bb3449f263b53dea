import Charting
import Simming

/// What happened in a run, for people: its log and its chart, and a page that shows both beside the plan.
public struct FailurePage: Sendable {
    /// How the run went.
    public let outcome: ScenarioOutcome
    /// One line for each thing that happened.
    public let log: String
    /// A sequence chart, as SVG.
    public let chart: String

    /// What happened in a run whose trace was kept.
    ///
    /// - Parameters:
    ///   - outcome: how it went.
    ///   - world: where it took place, made with a `traceLimit`.
    public init(_ outcome: ScenarioOutcome, _ world: Rehearsal) {
        self.outcome = outcome
        log = world.log
        chart = world.trace.svg(title: "\(outcome.scenario), seed \(outcome.seed)", describe: world.describe)
    }

    /// The last lines of the log.
    ///
    /// - Parameter lines: how many.
    public func end(lines: Int) -> String {
        let all = log.split(separator: "\n")
        let rest = all.count > lines ? "… \(all.count - lines) lines before these\n" : ""
        return rest + all.suffix(lines).joined(separator: "\n")
    }

    /// A page for a browser that needs no other file: what failed, the options, the plan, the chart and the log.
    public var html: String {
        let faults = outcome.plan.description.split(separator: ";").map { "<li><code>\(escaped($0))</code></li>" }
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>\(escaped(title))</title>
            <style>
            body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5em; color: #0f172a }
            h1 { font-size: 1.3em } h2 { font-size: 1.05em; margin: 0 0 .4em } .bad { color: #b91c1c }
            main { display: flex; gap: 1.5em; align-items: flex-start } section { min-width: 0 }
            pre, .chart { border: 1px solid #cbd5e1; border-radius: 6px; overflow: auto; max-height: 85vh; margin: 0 }
            pre { padding: .7em; font-size: 12px } code { font-size: 13px } .log { flex: 1 } .chart { max-width: 55vw }
            </style></head><body>
            <h1>\(escaped(title))</h1>
            <p class="\(outcome.failure == nil ? "" : "bad")">\(escaped(outcome.failure ?? "all holds"))</p>
            <p>Options: <code>\(escaped(outcome.options))</code>. Run it again:<br><code>\(escaped(outcome.replayCode))
            </code><br><code>rehearse \(escaped(outcome.replayWords))</code></p>
            <h2>Plan</h2><ul>\(faults.isEmpty ? "<li>no faults</li>" : faults.joined())</ul>
            <main><section><h2>Chart</h2><div class="chart">\(chart)</div></section>
            <section class="log"><h2>Log</h2><pre>\(escaped(log))</pre></section></main>
            </body></html>

            """
    }

    private var title: String { "\(outcome.scenario), seed \(outcome.seed)" }

    private func escaped(_ text: some StringProtocol) -> String {
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": safe += "&lt;"
            case ">": safe += "&gt;"
            case "&": safe += "&amp;"
            case "\"": safe += "&quot;"
            default: safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }
}

extension Scenario {
    /// Makes a run again with its trace kept: what happened in it.
    ///
    /// - Parameter outcome: of a run of this scenario.
    /// - Throws: what is wrong with its plan or options.
    public func page(of outcome: ScenarioOutcome) throws -> FailurePage {
        let (again, world) = try run(
            seed: outcome.seed, plan: outcome.plan, options: outcome.chosen, traceLimit: 1 << 28)
        return FailurePage(again, world)
    }
}
