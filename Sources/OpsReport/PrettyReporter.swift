import Glibc
import OpsCore
package import OpsEngine

/// The report on a terminal: what ended stands above, what runs in a few lines at the bottom.
package final class PrettyReporter: Reporter {
    private let report: RunReport
    private let screen: TerminalScreen
    private let now: () -> Double
    private var style: Style
    private var lastPaint = -Double.infinity
    private var isPaused = false

    /// Seconds between two paintings.
    private static let interval = 0.08
    private static let statusLimit = 8

    /// `now` gives seconds since 1970; the events' times are compared with it.
    package init(output: ReportOutput, options: ReportOptions, now: @escaping () -> Double = PrettyReporter.clock) {
        style = options.style
        let screen = TerminalScreen(output: output, width: options.style.width ?? 80)
        self.screen = screen
        self.now = now
        report = RunReport(.gutter, options: options) { screen.print($0) }
    }

    package func receive(_ event: RunEvent) {
        defer { followTerminal(event) }
        report.receive(event)
        if case .runFinished = event.kind {
            screen.paint([])
            isPaused = true
        } else {
            paintIfDue()
        }
    }

    package func tick() { paintIfDue() }

    /// The terminal has another size now.
    package func resize(width: Int, height: Int) {
        style.width = width
        style.height = height
        screen.width = width
        lastPaint = -Double.infinity
        paintIfDue()
    }

    /// An interactive step has the terminal until it ends.
    private func followTerminal(_ event: RunEvent) {
        switch event.kind {
        case .stepStarted(let step) where step.isInteractive: pause()
        case .stepFinished where isPaused: resume()
        default: break
        }
    }

    /// Takes the status off the screen until `resume`: somebody else has the terminal.
    package func pause() {
        screen.paint([])
        isPaused = true
    }

    package func resume() {
        isPaused = false
        lastPaint = -Double.infinity
        paintIfDue()
    }

    package func close() {
        report.close()
        screen.paint([])
        isPaused = true
    }

    private func paintIfDue() {
        let time = now()
        guard !isPaused, time - lastPaint >= Self.interval || time < lastPaint else { return }
        lastPaint = time
        screen.paint(status(at: time))
    }

    private func status(at time: Double) -> [String] {
        let tasks = report.record.order
        let limit = max(1, min(Self.statusLimit, (style.height ?? 24) - 2))
        let shown = tasks.count > limit ? limit - 1 : tasks.count
        var lines = tasks.prefix(shown).compactMap { task in
            report.record.active[task].map { line(task, $0, at: time) }
        }
        if shown < tasks.count { lines.append(style.paint("  and \(tasks.count - shown) more", .dim)) }
        // One column stays free: a full line would make some terminals wrap.
        return lines.map { DisplayWidth.clip($0, to: max(1, (style.width ?? 80) - 1), unicode: style.unicode) }
    }

    private func line(_ task: TaskID, _ active: RunRecord.ActiveTask, at time: Double) -> String {
        let seconds = Int(max(0, time - active.started))
        var line = "\(style.paint(style.unicode ? "●" : "*", .cyan)) \(task)"
        if seconds > 0 { line += "  \(Duration.seconds(seconds).text)" }
        if let says = active.progress ?? Self.lastLine(active.tail) { line += "  \(style.paint(says, .dim))" }
        return line
    }

    /// The last line with something in it, without colours and tabs.
    private static func lastLine(_ tail: [UInt8]) -> String? {
        for line in tail.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).reversed() {
            var bytes: [UInt8] = []
            var text = TerminalText(keepsColor: false)
            line.withUnsafeBytes { text.clean($0, into: &bytes) }
            let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            if !words.isEmpty { return words.joined(separator: " ") }
        }
        return nil
    }

    /// Seconds since 1970.
    package static func clock() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
