import Foundation

/// One scenario of hio_traces.json; the file's `doc` field says what everything means.
struct TraceScenario: Decodable {
    struct Settings: Decodable {
        var tock: Double
        var tyme: Double?
        var limit: Double?
        var mode: String?
        var passes: Int?
    }
    struct Raise: Decodable {
        var context: String
        var at: Int?
    }
    struct Action: Decodable {
        var at: Int
        var `do`: String
        var target: String
        var doers: [Target]?
        var value: Value?
    }
    /// A doer to build, or the name of one to remove.
    enum Target: Decodable {
        case build(Node)
        case name(String)

        init(from decoder: any Decoder) throws {
            if let name = try? decoder.singleValueContainer().decode(String.self) {
                self = .name(name)
            } else {
                self = .build(try Node(from: decoder))
            }
        }
    }
    enum Value: Decodable {
        case tock(Double)
        case always(Bool)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .always(flag)
            } else {
                self = .tock(try container.decode(Double.self))
            }
        }
    }
    struct Node: Decodable {
        var name: String
        var type: String
        var tock: Double
        var stop: Int?
        var done_in_enter: Bool?
        var tocks: [String: Double]?
        var result_none_at: Int?
        var raise: Raise?
        var actions: [Action]?
        var doers: [Node]?
        var always: Bool?
    }
    struct Event: Decodable, Hashable, CustomStringConvertible {
        var name: String
        var context: String
        var tyme: Double
        var count: Int

        init(name: String, context: String, tyme: Double, count: Int) {
            (self.name, self.context, self.tyme, self.count) = (name, context, tyme, count)
        }

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            name = try container.decode(String.self)
            context = try container.decode(String.self)
            tyme = try container.decode(Double.self)
            count = try container.decode(Int.self)
        }

        var description: String { "\(name).\(context) at \(tyme) (\(count))" }
    }
    struct Result: Decodable {
        var trace: [Event]
        var done: [String: Bool?]
        var doist_done: Bool?
        var tyme_end: Double
        var exception: String?
        var doers_left: [String: [String]]
        var deeds_left: [String: [String]]
    }

    var id: String
    var name: String
    var doist: Settings
    var tree: [Node]
    var result: Result
    var ours: Result?
    var skip: String?

    var expected: Result { ours ?? result }
}

/// A sequence of steps on one Tymer.
struct TymerSequence: Decodable {
    struct Step: Decodable {
        enum Part: Decodable {
            case word(String)
            case number(Double)
            case none

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if container.decodeNil() {
                    self = .none
                } else if let word = try? container.decode(String.self) {
                    self = .word(word)
                } else {
                    self = .number(try container.decode(Double.self))
                }
            }

            var number: Double? { if case .number(let value) = self { value } else { nil } }
        }
        var op: [Part]
        var tyme: Double
        var duration: Double
        var elapsed: Double
        var remaining: Double
        var expired: Bool
        var refused: Bool?

        var verb: String { if case .word(let word) = op[0] { word } else { "" } }
    }
    var tock: Double
    var steps: [Step]
}

/// The whole file.
struct TraceFile: Decodable {
    var scenarios: [TraceScenario]
    var tymers: [TymerSequence]

    /// Tests/Vectors/hio_traces.json, or the file that VECTORS_HIO_TRACES names.
    static func load() throws -> TraceFile {
        let given = ProcessInfo.processInfo.environment["VECTORS_HIO_TRACES"]
        let own = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Vectors/hio_traces.json")
        let data = try Data(contentsOf: given.map { URL(filePath: $0) } ?? own)
        return try JSONDecoder().decode(TraceFile.self, from: data)
    }
}
