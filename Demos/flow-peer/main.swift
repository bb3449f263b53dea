import DemoKit

Program(name: "flow-peer", usage: FlowDemo.usage).run { try FlowDemo.run(&$0) }
