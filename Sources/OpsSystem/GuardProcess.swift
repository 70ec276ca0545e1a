import COpsSystem
import Glibc

/// The guard's own work: see `Guard`.
struct GuardProcess {
    private let engine: pid_t
    private let link: Int32
    private let signals: Int32
    private var survivors = Survivors()
    private var folders: [String] = []

    init(engine: pid_t, link: Int32, signals: Int32) {
        self.engine = engine
        self.link = link
        self.signals = signals
    }

    consuming func run() -> Never {
        // It has the environment that may hold secrets, as ops itself has.
        ProcessMemory.hide()
        var process = self
        while true {
            var sources = [
                pollfd(fd: process.signals, events: Int16(POLLIN), revents: 0),
                pollfd(fd: process.link, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&sources, 2, -1)
            // Its end shows as the end of the messages too, and as a signal: that one is waited for.
            if sources[1].revents != 0, !process.readMessages() { process.waitForEngine() }
            while process.takeSignal() {}
        }
    }

    /// One message of the engine's after the other; false where there will be no more.
    private mutating func readMessages() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = recv(link, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            guard count > 0 else { return false }
            let content = buffer[1..<count]
            let text = String(decoding: content, as: UTF8.self)
            switch Guard.Subject(rawValue: buffer[0]) {
            case .folder: folders.append(text)
            case .group: if let group = Int32(text) { survivors.groups.insert(group) }
            case .process: if let process = Int32(text) { survivors.processes.insert(process) }
            case .marker: survivors.markers.append(Array(content))
            case nil: break
            }
        }
    }

    private mutating func waitForEngine() {
        while true {
            var sources = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
            _ = poll(&sources, 1, -1)
            while takeSignal() {}
        }
    }

    /// False where there is none.
    private mutating func takeSignal() -> Bool {
        var sender: pid_t = 0
        let signal = ops_next_signal(signals, &sender)
        switch signal {
        case 0: return false
        case SIGCHLD: lookAtEngine()
        // The terminal sends these to the engine as well.
        case SIGWINCH, SIGTTIN, SIGTTOU, SIGURG: break
        case SIGCONT where sender == engine: break
        // One that reached the engine as well is counted there as one: see SignalSource.
        default: kill(engine, signal)
        }
        return true
    }

    private mutating func lookAtEngine() {
        var stopped: Int32 = 0
        let status = ops_look_at_child(engine, &stopped)
        if [SIGTSTP, SIGTTIN, SIGTTOU].contains(stopped) { ops_suffer(stopped, false) }
        guard status != -EAGAIN else { return }
        _ = readMessages()
        survivors.killOthers()
        for folder in folders { try? removeTree(folder) }
        // Its status is lost where somebody else reaped it.
        guard status >= 0 else { _exit(255) }
        let signal = status & 0x7F
        guard signal != 0 else { _exit(status >> 8 & 0xFF) }
        ops_suffer(signal, true)
        _exit(128 + signal)
    }
}
