import Glibc
import OpsCore
import OpsReport
import OpsSystem

/// What a command knows of the world it was called in.
struct CommandContext: Sendable {
    var environment: [String: String]
    /// Where ops was called, absolute; `-C` changes it.
    var directory: String
    var isOutputTerminal: Bool
    var isErrorTerminal: Bool
    var isInputTerminal: Bool

    /// The process's own.
    static func current() -> CommandContext {
        CommandContext(
            environment: ProcessEnvironment.all, directory: ProcessEnvironment.workingDirectory ?? "",
            isOutputTerminal: Terminal.isTerminal(1), isErrorTerminal: Terminal.isTerminal(2),
            isInputTerminal: Terminal.isTerminal(0))
    }

    /// The option's value: the command line's, else that of its environment twin.
    func value(_ option: String?, twin: String) -> String? {
        if let option { return option }
        guard let value = environment[twin], !value.isEmpty else { return nil }
        return value
    }

    /// Throws: an `OpsError` (`usage`) where the twin holds neither true nor false.
    func flag(_ option: Bool, twin: String) throws(OpsError) -> Bool {
        if option { return true }
        switch environment[twin] {
        case nil, "", "0", "false": return false
        case "1", "true": return true
        case let value?: throw OpsError(.usage, "\(twin) is '\(value)'", hint: "set it to true or false")
        }
    }

    /// `NO_COLOR` over `FORCE_COLOR`/`CLICOLOR_FORCE` over the terminal; `--color` over all.
    func style(_ choice: ColorChoice, isTerminal: Bool) -> Style {
        func isSet(_ name: String) -> Bool { environment[name].map { !$0.isEmpty } ?? false }
        let color: Bool
        switch choice {
        case .always: color = true
        case .never: color = false
        case .auto:
            if isSet("NO_COLOR") {
                color = false
            } else if isSet("FORCE_COLOR") && environment["FORCE_COLOR"] != "0"
                || isSet("CLICOLOR_FORCE") && environment["CLICOLOR_FORCE"] != "0"
            {
                color = true
            } else {
                color = isTerminal && environment["TERM"] != "dumb"
            }
        }
        return Style(
            color: color, unicode: usesUnicode, width: isTerminal ? Terminal.width(1) : nil)
    }

    /// By the locale's variables, as setlocale(3) ranks them. Nothing set is taken for UTF-8: cron and CI.
    private var usesUnicode: Bool {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let value = environment[name], !value.isEmpty else { continue }
            // Byte by byte, as at each start: the general search of a text would cost a tenth of a millisecond.
            let letters = value.utf8.filter { $0 != UInt8(ascii: "-") }.map { $0 | 0x20 }
            let isUTF8 = letters.indices.contains { letters[$0...].starts(with: "utf8".utf8) }
            return isUTF8 || value == "C" || value == "POSIX"
        }
        return true
    }
}

/// `--color`.
enum ColorChoice: String, CaseIterable, Sendable { case auto, always, never }

/// Writes results to standard output and diagnostics to standard error, whole.
enum Console {
    static func output(_ text: String) throws(OpsError) { _ = try output(bytes: Array(text.utf8)) }

    /// False where the reader went away: it has what it wanted (`ops list | head`).
    static func output(bytes: [UInt8]) throws(OpsError) -> Bool {
        do throws(OpsError) {
            try writeAll(bytes, to: 1, path: "standard output")
            return true
        } catch {
            if errno == EPIPE { return false }
            throw error
        }
    }

    /// A message that cannot be delivered has nowhere else to go.
    static func error(_ text: String) { try? writeAll(Array(text.utf8), to: 2, path: "standard error") }
}
