import Foundation

/// What all demos do around their work: print, refuse bad words, end with a status that means something.
package struct Program {
    /// The name that it is called by.
    package let name: String
    /// What `--help` prints.
    package let usage: String

    /// - Parameters:
    ///   - name: the name that it is called by.
    ///   - usage: what `--help` prints.
    package init(name: String, usage: String) {
        self.name = name
        self.usage = usage
    }

    /// Runs `body` and ends the process: status 0 if it returns true, 1 if false, if it throws or if what it printed
    /// found no room, 2 for bad usage.
    package func run(_ body: (inout Arguments) throws -> Bool) -> Never {
        holdStandardStreams()
        var arguments = Arguments()
        if arguments.wantsHelp {
            print(usage)
            end(0)
        }
        do {
            end(try body(&arguments) ? 0 : 1)
        } catch let error as UsageError {
            complain("\(name): \(error)\n(\(name) --help says what there is)")
            exit(2)
        } catch let error as BadFile {
            complain("\(name): \(error)")
            exit(2)
        } catch {
            complain("\(name): \(error)")
            exit(1)
        }
    }

    private func end(_ status: Int32) -> Never {
        checkPrinted(name)
        exit(status)
    }
}

/// A file that is not what it should be: status 2, like bad words, but no word of the usage would help.
package struct BadFile: Error, CustomStringConvertible {
    /// Which file, and what is wrong with it.
    package let description: String
    package init(description: String) { self.description = description }
}

/// Prints a line for people or for programs, at once even into a pipe.
package struct Reporter {
    /// True for one JSON object a line.
    package let json: Bool

    private let sink: ((String) -> Void)?

    /// - Parameters:
    ///   - json: true for one JSON object a line.
    ///   - sink: takes the lines instead of standard output.
    package init(json: Bool, to sink: ((String) -> Void)? = nil) {
        self.json = json
        self.sink = sink
    }

    /// Prints `line` for programs, or `text` for people; an empty text prints nothing.
    package func say(_ line: JSONLine, _ text: @autoclosure () -> String) {
        let text = json ? line.description : text()
        guard !text.isEmpty else { return }
        if let sink { return sink(text) }
        print(text)
        fflush(nil)
    }
}
