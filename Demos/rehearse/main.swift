import Commanding
import DemoKit
import Scenarios

let replay = RehearseMain.Verb("replay", usage: ReplayCommand.usage) { try ReplayCommand.run(&$0) }
RehearseMain(Scenarios.all, unlisted: [Scenarios.fragile], verbs: [replay]).run()
