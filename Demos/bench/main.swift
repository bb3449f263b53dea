import CBench

let words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case "sched": try benchSched(Array(words.dropFirst()))
case "codec": try benchCodec(Array(words.dropFirst()))
case "datagrams": try benchDatagrams(Array(words.dropFirst()))
case "loopback": try benchLoopback(Array(words.dropFirst()))
case "idle": try benchIdle(Array(words.dropFirst()))
default: print("bench sched | codec | datagrams | loopback | idle")
}
