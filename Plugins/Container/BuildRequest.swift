import OpsArchive
import OpsCore
import OpsPlugin
import OpsRegistry
import OrderedCollections

/// What a build was asked to do: the arguments of `container.build`, checked.
struct BuildRequest: Sendable {
    /// A place to write the image to; paths are absolute.
    enum Output: Sendable {
        case layout(path: String, Tag?)
        case dockerArchive(path: String, ImageReference?)

        var path: String {
            switch self {
            case .layout(let path, _), .dockerArchive(let path, _): path
            }
        }

        var detail: String {
            switch self {
            case .layout(_, let tag): "OCI image layout" + (tag.map { ", tag \($0)" } ?? "")
            case .dockerArchive(_, let name): "Docker archive" + (name.map { " of \($0)" } ?? "")
            }
        }
    }

    let access: RegistryAccess
    let base: ImageLocation
    /// Nil where none was asked for.
    let platform: Platform?
    /// The file sets of each layer.
    let layers: [[Arguments]]
    let settings: ImageSettings
    let annotations: ValueMap
    let outputs: [Output]
    /// Seconds since 1970.
    let created: Int

    static let configParameters = [
        Parameter(
            "entrypoint", .list(.string), "The program and its first arguments", example: .list([.string("/app")])),
        Parameter("cmd", .list(.string), "Arguments that a caller may replace"),
        Parameter("env", .map(.string), "Variables; one that the base has gets the new value"),
        Parameter("user", .string, "User and group: name or number, such as 65534:65534"),
        Parameter("workdir", .string, "The working directory, absolute"),
        Parameter("labels", .map(.string), "Labels, added to the base's"),
        Parameter("ports", .list(.string), "Ports it serves: 8080, 53/udp"),
        Parameter("volumes", .list(.string), "Folders for data that outlives a container, absolute"),
        Parameter(
            "healthcheck",
            .record([
                Parameter(
                    "cmd", .list(.string), "The program that asks, and its arguments; [ NONE ] for no check",
                    required: true),
                Parameter("interval", .duration, "The time between two checks"),
                Parameter("timeout", .duration, "How long one may take"),
                Parameter("start-period", .duration, "How long failures do not count at first"),
                Parameter("retries", .integer, "After how many failures it is unhealthy"),
            ]), "How a container's health is asked for"),
        Parameter("stop-signal", .string, "The signal that ends it", example: .string("SIGINT")),
    ]

    init(_ arguments: Arguments, _ context: RunContext) throws {
        access = try RegistryAccess(arguments)
        base = try Self.base(arguments, in: context.absolute)
        platform = try Self.platform(arguments)
        layers = try arguments.records("layers").map { try $0.records("files") }
        settings = try Self.settings(arguments)
        annotations = try Self.texts(arguments, "annotations")
        outputs = try Self.outputs(arguments, in: context.absolute)
        created = try Self.created(context.environment)
    }

    static func base(_ arguments: Arguments, in absolute: (String) -> String) throws -> ImageLocation {
        let text = try arguments.optionalString("base") ?? "scratch"
        switch try ImageLocation(text) {
        case .layout(let path, let selector): return .layout(path: absolute(path), selector)
        case .dockerArchive:
            throw arguments.error(
                "base", "an image in a Docker archive cannot be a base", hint: "copy it to an image layout first")
        case let location: return location
        }
    }

    static func platform(_ arguments: Arguments) throws -> Platform? {
        guard let text = try arguments.optionalString("platform") else { return nil }
        return try Platform(text)
    }

    static func outputs(_ arguments: Arguments, in absolute: (String) -> String) throws -> [Output] {
        let texts = try arguments.strings("output")
        guard !texts.isEmpty else { throw arguments.error("output", "the list is empty") }
        return try texts.map { text in
            switch try ImageLocation(text) {
            case .layout(let path, .only): return .layout(path: absolute(path), nil)
            case .layout(let path, .tag(let tag)): return .layout(path: absolute(path), tag)
            case .dockerArchive(let path, let name):
                guard name?.digest == nil else {
                    throw arguments.error("output", "'\(text)' names a digest, which is not known yet")
                }
                return .dockerArchive(path: absolute(path), name)
            case .layout(_, .digest), .scratch, .registry:
                throw arguments.error(
                    "output", "an image cannot be written to '\(text)'", hint: "write oci:PATH or docker-archive:PATH")
            }
        }
    }

    /// When the image was made: `SOURCE_DATE_EPOCH`, else the start of 1970.
    static func created(_ environment: [String: String]) throws(OpsError) -> Int {
        let seconds = try SourceDateEpoch.value(environment, fallback: 0)
        guard seconds <= 253_402_300_799 else {
            throw OpsError(.invalid, "SOURCE_DATE_EPOCH is '\(seconds)', after the year 9999")
        }
        return seconds
    }

    static func settings(_ arguments: Arguments) throws -> ImageSettings {
        var settings = ImageSettings()
        guard let config = try arguments.record("config") else { return settings }
        if config.has("entrypoint") { settings.entrypoint = try config.strings("entrypoint") }
        if config.has("cmd") { settings.command = try config.strings("cmd") }
        settings.environment = try pairs(config, "env")
        for (name, _) in settings.environment where name.isEmpty || name.contains("=") {
            throw config.error("env", "'\(name)' is not a variable's name")
        }
        settings.user = try config.optionalString("user")
        settings.workingDirectory = try config.optionalString("workdir").map { try absolute($0, config, "workdir") }
        settings.labels = try pairs(config, "labels")
        settings.ports = try config.strings("ports").map { try ImageSettings.port($0) }
        settings.volumes = try config.strings("volumes").map { try absolute($0, config, "volumes") }
        settings.stopSignal = try config.optionalString("stop-signal")
        if let check = try config.record("healthcheck") {
            let command = try check.strings("cmd")
            guard let first = command.first else { throw check.error("cmd", "the list is empty") }
            settings.healthcheck = ImageSettings.Healthcheck(
                test: ["NONE", "CMD", "CMD-SHELL"].contains(first) ? command : ["CMD"] + command,
                interval: try check.optionalDuration("interval"), timeout: try check.optionalDuration("timeout"),
                startPeriod: try check.optionalDuration("start-period"), retries: try check.optionalInteger("retries"))
        }
        return settings
    }

    private static func absolute(_ path: String, _ arguments: Arguments, _ name: String) throws -> String {
        guard path.hasPrefix("/") else { throw arguments.error(name, "'\(path)' is not absolute") }
        return path
    }

    private static func pairs(_ arguments: Arguments, _ name: String) throws -> [(name: String, value: String)] {
        try arguments.map(name).map { key, value in
            guard let text = value.scalarText else {
                throw arguments.error(name, "the value of '\(key)' is not text but \(value.type)")
            }
            return (key, text)
        }
    }

    private static func texts(_ arguments: Arguments, _ name: String) throws -> ValueMap {
        ValueMap(uniqueKeysWithValues: try pairs(arguments, name).map { ($0.name, .string($0.value)) })
    }
}
