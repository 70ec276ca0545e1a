import OpsCore
import OpsEngine
import OpsPlugin

/// The text of each task on its way: headings, output and messages, kept apart or written at once.
final class TaskText {
    /// A task's text so far.
    private struct Section {
        var number: Int
        var isOpen = false
        var isAtLineStart = true
        /// The step whose heading is still to be printed, in front of its first output.
        var heading: StepStarted?
        var lines: [OutputStream: OutputLines] = [:]
        var cleaners: [OutputStream: TerminalText] = [:]
    }

    /// The time of the event, seconds since 1970.
    var time: Double = 0
    private let body: RunReport.Body
    private let dialect: LogDialect
    private let style: Style
    private let queue: GroupQueue
    private let write: (UnsafeRawBufferPointer) -> Void
    private var sections: [TaskID: Section] = [:]
    private var sectionCount = 0

    init(
        _ body: RunReport.Body, dialect: LogDialect, options: ReportOptions,
        write: @escaping (UnsafeRawBufferPointer) -> Void
    ) {
        // Quiet, a task's output is dropped where the task succeeds, so it is kept together till then.
        if case .prefixed = body, options.verbosity == .quiet { self.body = .grouped } else { self.body = body }
        self.dialect = dialect
        self.write = write
        style = options.style
        queue = GroupQueue(mayStream: options.verbosity != .quiet, write: write)
    }

    private var isGrouped: Bool {
        switch body {
        case .grouped, .gutter: true
        case .prefixed, .raw: false
        }
    }

    /// True where something of the task was printed or kept in a group.
    func isOpen(_ task: TaskID) -> Bool { sections[task]?.isOpen == true }

    /// True while what ends is kept, as a task is written as it goes.
    var isHeldBack: Bool { queue.foreground != nil }

    /// True where a failed task's last lines stand right above its end.
    func isShownAbove(_ task: TaskID) -> Bool {
        isGrouped && !dialect.folds && isOpen(task)
    }

    func start(_ task: TaskID) {
        guard sections[task] == nil else { return }
        sectionCount += 1
        sections[task] = Section(number: sectionCount)
        if isGrouped { queue.start(task) }
    }

    /// The step's heading goes in front of its first output, or is printed at once.
    func heading(_ step: StepStarted, of task: TaskID, atOnce: Bool) {
        sections[task]?.heading = step
        if atOnce { printHeading(of: task) }
    }

    func output(_ task: TaskID, _ stream: OutputStream, _ bytes: [UInt8]) {
        guard !bytes.isEmpty, sections[task] != nil else { return }
        switch body {
        case .raw(let standardOutput, let standardError):
            let target = stream == .standardOutput ? standardOutput : standardError
            target.write(bytes)
            target.flush()
        case .grouped:
            printHeading(of: task)
            append(task, bytes)
            sections[task]?.isAtLineStart = bytes.last == 0x0A
        case .gutter, .prefixed:
            printHeading(of: task)
            var text: [UInt8] = []
            withLines(of: task, stream) { lines, prefix, cleaner in
                bytes.withUnsafeBytes { lines.feed($0) { decorate($0, prefix, &cleaner, into: &text) } }
            }
            append(task, text)
        }
    }

    /// Lines of our own in a task's text.
    func line(_ task: TaskID, _ words: String) {
        guard sections[task] != nil else { return between("\(task): \(words)\n") }
        printHeading(of: task)
        append(task, Array(decorated(words, task).utf8))
    }

    /// Text of no task.
    func between(_ text: String) {
        guard !text.isEmpty else { return }
        let bytes = Array(dialect.guarded(text).utf8)
        bytes.withUnsafeBytes { queue.between($0) }
    }

    /// Commands of ours to the CI service, at once: where a task's text goes on, they interrupt it.
    func command(_ bytes: [UInt8]) {
        let task = queue.foreground.flatMap { isOpen($0) ? $0 : nil }
        if let task { endLine(of: task) }
        dialect.command(bytes, isGuarded: task != nil).withUnsafeBytes(write)
    }

    /// What a step left without a newline is a line now.
    func endStep(of task: TaskID) {
        guard sections[task] != nil else { return }
        sections[task]?.heading = nil
        switch body {
        // Their output is not held in lines.
        case .grouped, .raw: return
        case .gutter, .prefixed: break
        }
        var text: [UInt8] = []
        for stream in [OutputStream.standardOutput, .standardError] {
            withLines(of: task, stream) { lines, prefix, cleaner in
                lines.finish { decorate($0, prefix, &cleaner, into: &text) }
            }
        }
        // A colour that a step left on is not the next step's.
        sections[task]?.cleaners = [:]
        append(task, text)
    }

    /// The task's text is complete but for `end`, which stands behind what folds.
    func finish(_ task: TaskID, with end: String, keep: Bool) {
        endStep(of: task)
        endLine(of: task)
        guard let section = sections.removeValue(forKey: task) else {
            // A task that never started: skipped, or up to date.
            if keep { between(end) }
            return
        }
        let closing = section.isOpen ? dialect.closing(task, number: section.number, time: time) : ""
        append(task, Array((closing + end).utf8))
        if isGrouped { queue.finish(task, keep: keep) }
    }

    /// Writes what is kept of tasks that did not end.
    func close() {
        for (task, _) in sections.sorted(by: { $0.value.number < $1.value.number }) { endStep(of: task) }
        queue.close()
    }

    private func append(_ task: TaskID, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        bytes.withUnsafeBytes { isGrouped ? queue.append(task, $0) : write($0) }
    }

    /// Ends a line that the output of a group left open.
    private func endLine(of task: TaskID) {
        guard sections[task]?.isAtLineStart == false else { return }
        sections[task]?.isAtLineStart = true
        append(task, [0x0A])
    }

    private func open(_ task: TaskID) {
        guard isGrouped, let section = sections[task], !section.isOpen else { return }
        sections[task]?.isOpen = true
        append(task, Array(dialect.opening(task, number: section.number, time: time, style: style).utf8))
    }

    private func printHeading(of task: TaskID) {
        open(task)
        guard let step = sections[task]?.heading else { return }
        sections[task]?.heading = nil
        var words = step.action == "run" ? "$ \(step.summary)" : step.summary
        if let name = step.name { words = "\(name): \(words)" }
        if step.attempt > 1 { words += " (attempt \(step.attempt))" }
        append(task, Array(decorated(style.paint(words, .dim), task).utf8))
    }

    /// Words of our own as lines of the task, behind what the body puts in front of lines.
    private func decorated(_ words: String, _ task: TaskID) -> String {
        endLine(of: task)
        var text: [UInt8] = []
        var cleaner = TerminalText(keepsColor: style.color)
        for line in words.split(separator: "\n", omittingEmptySubsequences: false) {
            text += prefix(task)
            Array(line.utf8).withUnsafeBytes { cleaner.clean($0, into: &text) }
            text.append(0x0A)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Gives `body` the state of one stream to change, and what stands in front of its lines.
    private func withLines(
        of task: TaskID, _ stream: OutputStream, _ body: (inout OutputLines, [UInt8], inout TerminalText) -> Void
    ) {
        var lines = sections[task]?.lines.removeValue(forKey: stream) ?? OutputLines()
        var cleaner = sections[task]?.cleaners.removeValue(forKey: stream) ?? TerminalText(keepsColor: style.color)
        body(&lines, prefix(task), &cleaner)
        sections[task]?.lines[stream] = lines
        sections[task]?.cleaners[stream] = cleaner
    }

    private func decorate(
        _ line: UnsafeRawBufferPointer, _ prefix: [UInt8], _ cleaner: inout TerminalText, into text: inout [UInt8]
    ) {
        text += prefix
        if case .gutter = body { cleaner.clean(line, into: &text) } else { text.append(contentsOf: line) }
        text.append(0x0A)
    }

    private func prefix(_ task: TaskID) -> [UInt8] {
        switch body {
        case .grouped: []
        case .gutter: Array("\(style.gutter) ".utf8)
        case .prefixed: Array("\(task) \(style.gutter) ".utf8)
        case .raw: Array("\(task): ".utf8)
        }
    }
}
