import DemoKit

Program(name: "demo", usage: Showcase.usage).run { try Showcase.run(&$0) }
