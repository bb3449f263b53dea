import DemoKit

Program(name: "frame-peer", usage: FramePeer.usage).run { try FramePeer.run(&$0) }
