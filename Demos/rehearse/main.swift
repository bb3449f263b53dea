import DemoKit

Program(name: "rehearse", usage: RehearseCommand.usage).run { try RehearseCommand.run(&$0) }
