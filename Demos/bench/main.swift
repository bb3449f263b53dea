import DemoKit

let words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case "datagrams": try benchDatagrams(Array(words.dropFirst()))
default: print("to come")
}
