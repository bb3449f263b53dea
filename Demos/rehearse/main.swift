import DemoKit

Program(name: "rehearse", usage: "Usage: rehearse").run { arguments in
    try arguments.finish()
    return true
}
