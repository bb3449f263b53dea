do { try benchCodec(Array(CommandLine.arguments.dropFirst(2))) } catch { print(error) }
