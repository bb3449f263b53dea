/// Sixty-four zero bytes on the stack.
struct InlineWords8 {
    var a: UInt64 = 0
    var b: UInt64 = 0
    var c: UInt64 = 0
    var d: UInt64 = 0
    var e: UInt64 = 0
    var f: UInt64 = 0
    var g: UInt64 = 0
    var h: UInt64 = 0
}
