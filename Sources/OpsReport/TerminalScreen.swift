/// A terminal whose last lines are a status area: text goes above it, and the area is drawn again.
///
/// Nothing but relative cursor movement, erasing and line wrapping is used, and the cursor is never hidden, so that a killed
/// process leaves a usable terminal.
final class TerminalScreen {
    private let output: ReportOutput
    /// The width in columns of each status line on the screen.
    private var drawn: [Int] = []
    /// Finished lines to be written above the status area.
    private var pending: [UInt8] = []
    var width: Int

    private static let pendingLimit = 1 << 16

    init(output: ReportOutput, width: Int) {
        self.output = output
        self.width = width
    }

    var hasPending: Bool { !pending.isEmpty }

    /// Keeps whole lines for the next painting; much text is written at once.
    func print(_ bytes: UnsafeRawBufferPointer) {
        if pending.count + bytes.count > Self.pendingLimit {
            erase()
            output.write(pending)
            output.write(bytes)
            output.flush()
            pending.removeAll(keepingCapacity: true)
        } else {
            pending.append(contentsOf: bytes)
        }
    }

    /// Writes what is pending and the status area below it. Each line must fit into the width.
    func paint(_ status: [String]) {
        erase()
        output.write(pending)
        pending.removeAll(keepingCapacity: true)
        if !status.isEmpty {
            // No wrapping, for the moment in which the terminal is narrower than we know.
            output.write("\u{1B}[?7l" + status.joined(separator: "\n") + "\u{1B}[?7h")
        }
        drawn = status.map { DisplayWidth.of($0) }
        output.flush()
    }

    /// Takes the status area off the screen; the cursor stands where it began.
    private func erase() {
        guard !drawn.isEmpty else { return }
        // A terminal that became narrower has wrapped the lines.
        let rows = drawn.reduce(0) { $0 + max(1, ($1 + width - 1) / max(width, 1)) }
        output.write(rows > 1 ? "\r\u{1B}[\(rows - 1)A\u{1B}[J" : "\r\u{1B}[J")
        drawn = []
    }
}
