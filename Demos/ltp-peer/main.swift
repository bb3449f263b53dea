import DemoKit

Program(name: "ltp-peer", usage: LTPDemo.usage).run { try LTPDemo.run(&$0) }
