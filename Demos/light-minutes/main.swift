import DemoKit

Program(name: "light-minutes", usage: LightMinutes.usage).run { try LightMinutes.run(&$0) }
