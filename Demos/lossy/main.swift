import DemoKit

Program(name: "lossy", usage: Lossy.usage).run { try Lossy.run(&$0) }
