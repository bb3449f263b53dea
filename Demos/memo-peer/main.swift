import DemoKit

Program(name: "memo-peer", usage: MemoPeer.usage).run { try MemoPeer.run(&$0) }
