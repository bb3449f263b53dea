import CBench

if CommandLine.arguments.count > 1, CommandLine.arguments[1] == "sched" {
    try benchSched(Array(CommandLine.arguments.dropFirst(2)))
}
