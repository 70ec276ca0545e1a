/// Commands to a GitHub Actions runner, a line each on standard output (docs.github.com, "Workflow commands for
/// GitHub Actions").
package enum WorkflowCommand {
    /// The value of a command: bytes that would end it or mean something are percent-escaped.
    package static func data(_ bytes: some Sequence<UInt8>) -> [UInt8] { escape(bytes, "%\r\n") }

    /// A property of a command.
    package static func property(_ bytes: some Sequence<UInt8>) -> [UInt8] { escape(bytes, "%\r\n:,") }

    /// The line that tells the runner to mask a value in all that it shows from now on. It is the one place where a
    /// secret is written as it is: it must go straight to the runner and to no log, and not into a stretch in which
    /// commands are switched off.
    package static func mask(_ value: [UInt8]) -> [UInt8] { Array("::add-mask::".utf8) + data(value) + [0x0A] }

    private static func escape(_ bytes: some Sequence<UInt8>, _ special: String) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return bytes.flatMap { byte in
            special.utf8.contains(byte)
                ? [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]] : [byte]
        }
    }
}
