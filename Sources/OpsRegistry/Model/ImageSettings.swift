package import OpsCore
import OrderedCollections

/// What a build sets in an image's `config`; nil and empty members leave what the base has.
package struct ImageSettings: Sendable {
    /// Also clears the base's `cmd`, which was an argument of the base's entrypoint.
    package var entrypoint: [String]?
    package var command: [String]?
    /// Variables in the order to add them; one that the base has keeps its place and gets the new value.
    package var environment: [(name: String, value: String)] = []
    package var user: String?
    package var workingDirectory: String?
    package var labels: [(name: String, value: String)] = []
    package var ports: [String] = []
    package var volumes: [String] = []
    package var healthcheck: Healthcheck?
    package var stopSignal: String?

    /// How a container's health is asked for (Docker image-spec v1.2, `Healthcheck`).
    package struct Healthcheck: Sendable {
        /// `CMD`, `CMD-SHELL` or `NONE` and what follows it.
        package var test: [String]
        package var interval: Duration?
        package var timeout: Duration?
        package var startPeriod: Duration?
        package var retries: Int?

        package init(
            test: [String], interval: Duration? = nil, timeout: Duration? = nil, startPeriod: Duration? = nil,
            retries: Int? = nil
        ) {
            self.test = test
            self.interval = interval
            self.timeout = timeout
            self.startPeriod = startPeriod
            self.retries = retries
        }

        fileprivate var value: Value {
            var map: ValueMap = ["Test": .list(test.map { .string($0) })]
            for (key, duration) in [("Interval", interval), ("Timeout", timeout), ("StartPeriod", startPeriod)] {
                if let duration { map[key] = .integer(Int(duration.nanoseconds)) }
            }
            if let retries { map["Retries"] = .integer(retries) }
            return .map(map)
        }
    }

    package init() {}

    package var isEmpty: Bool {
        entrypoint == nil && command == nil && environment.isEmpty && user == nil && workingDirectory == nil
            && labels.isEmpty && ports.isEmpty && volumes.isEmpty && healthcheck == nil && stopSignal == nil
    }

    /// A port as images hold it: `8080` is `8080/tcp`. Throws: an `OpsError` (`invalid`).
    package static func port(_ text: String) throws(OpsError) -> String {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let protocols: [Substring] = ["tcp", "udp", "sctp"]
        guard (1...2).contains(parts.count), let number = UInt16(parts[0]), number > 0,
            parts.count == 1 || protocols.contains(parts[1])
        else { throw OpsError(.invalid, "'\(text)' is not a port", hint: "write 8080, 8080/tcp or 53/udp") }
        return "\(number)/\(parts.count == 2 ? parts[1] : "tcp")"
    }

    func applied(to base: ValueMap) -> ValueMap {
        var config = base
        func texts(_ items: [String]) -> Value { .list(items.map { .string($0) }) }
        if let entrypoint {
            config["Entrypoint"] = texts(entrypoint)
            config["Cmd"] = nil
        }
        if let command { config["Cmd"] = texts(command) }
        if !environment.isEmpty { config["Env"] = mergedEnvironment(config["Env"]?.listValue ?? []) }
        if let user { config["User"] = .string(user) }
        if let workingDirectory { config["WorkingDir"] = .string(workingDirectory) }
        if let stopSignal { config["StopSignal"] = .string(stopSignal) }
        if let healthcheck { config["Healthcheck"] = healthcheck.value }
        func merge(_ key: String, _ items: [(String, Value)]) {
            guard !items.isEmpty else { return }
            var map = config[key]?.mapValue ?? [:]
            for (name, value) in items { map[name] = value }
            config[key] = .map(map)
        }
        merge("Labels", labels.map { ($0.name, .string($0.value)) })
        merge("ExposedPorts", ports.map { ($0, .map([:])) })
        merge("Volumes", volumes.map { ($0, .map([:])) })
        return config
    }

    private func mergedEnvironment(_ base: [Value]) -> Value {
        var entries = base
        for (name, value) in environment {
            let entry = Value.string("\(name)=\(value)")
            let place = entries.firstIndex { $0.stringValue?.hasPrefix("\(name)=") == true }
            if let place { entries[place] = entry } else { entries.append(entry) }
        }
        return .list(entries)
    }
}
