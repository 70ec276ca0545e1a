import Logging
import OpsSystem

/// Turns what an action or a provider of secrets logs into events.
struct EventLogHandler: LogHandler {
    let run: Run
    /// Nil for what no step does by itself.
    let step: StepID?
    var logLevel = Logger.Level.debug
    var metadata: Logger.Metadata = [:]

    init(run: Run, step: StepID?) {
        self.run = run
        self.step = step
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var text = event.message.description
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { text += " \(key)=\(value)" }
        let level: Message.Level
        switch event.level {
        case .trace, .debug: level = .debug
        case .info: level = .info
        case .notice: level = .notice
        case .warning: level = .warning
        case .error, .critical: level = .error
        }
        let line = text
        onLoop { [run, step] in run.message(level, line, step: step) }
    }
}
