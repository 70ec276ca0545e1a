package import OpsCore
import OrderedCollections

/// One line that a plugin writes to its standard output.
package enum PluginMessage: Sendable {
    /// For people: not the step's output.
    case log(PluginLogLevel, String, fields: ValueMap)
    case progress(Progress)
    /// A secret that was found at run time; it is sent before its first use.
    case secret(name: String, bytes: [UInt8])
    /// The step's own output, for people.
    case output(OutputStream, String)
    /// Some or all outputs; a later value of a name replaces an earlier one.
    case outputs(ValueMap)
    case result(PluginResult)
    /// A line of a type that this side does not know: to be ignored.
    case unknown(type: String)

    /// The message's line, without its end.
    package func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch self {
            case .log(let level, let message, let fields):
                writer.member("type", "log")
                writer.member("level", level.rawValue)
                writer.member("message", message)
                if !fields.isEmpty { writer.member("fields", .map(fields)) }
            case .progress(let progress):
                writer.member("type", "progress")
                writer.member("done", progress.done)
                writer.member("total", progress.total)
                writer.member("unit", progress.unit)
            case .secret(let name, let bytes):
                writer.member("type", "secret")
                writer.member("name", name)
                writer.member("value", WireSecrets.json(bytes))
            case .output(let stream, let text):
                writer.member("type", "output")
                writer.member("stream", stream.rawValue)
                writer.member("text", text)
            case .outputs(let outputs):
                writer.member("type", "outputs")
                writer.member("outputs") { writer in
                    writer.object { writer in
                        var none = WireSecrets()
                        for (name, value) in outputs {
                            writer.member(name, Self.encode(value, &none))
                        }
                    }
                }
            case .result(let result):
                writer.member("type", "result")
                result.write(to: &writer)
            case .unknown(let type): writer.member("type", type)
            }
        }
        return writer.bytes
    }

    /// An output that is a secret goes as its value: the declaration of the output says that it is one.
    private static func encode(_ value: Value, _ none: inout WireSecrets) -> Value {
        if case .secret(let secret) = value, let bytes = secret.reveal() { return WireSecrets.json(bytes) }
        return WireValue.encode(value, secrets: &none)
    }

    /// Reads a line.
    ///
    /// - Parameter secrets: gives the secret of a name in the request.
    /// Throws: an `OpsError` (`invalid`) where it is no message. It quotes nothing of the line.
    package init(line: [UInt8], secrets: (String) -> Secret? = { _ in nil }) throws(OpsError) {
        let json: Value
        do throws(OpsError) { json = try JSONReader.value(line) } catch {
            // A key may hold a secret: it is not shown.
            let problem = error.message.contains("duplicate key") ? "not valid JSON: a duplicate key" : error.message
            throw OpsError(.invalid, "a line on its standard output is \(problem)")
        }
        guard let members = json.mapValue else {
            throw OpsError(.invalid, "a line on its standard output is not a JSON object")
        }
        let type = try MessageFields(members, label: "a line on its standard output").text("type")
        let fields = MessageFields(members, label: type == "result" ? "its result" : "a line of type '\(type)'")
        switch type {
        case "log":
            let level = (try fields.optionalText("level")).flatMap(PluginLogLevel.init) ?? .info
            self = .log(level, try fields.text("message"), fields: try fields.map("fields") ?? [:])
        case "progress":
            guard let done = try fields.optionalInteger("done") else { throw fields.wrong("done", "a whole number") }
            self = .progress(
                Progress(
                    done: done, total: try fields.optionalInteger("total"),
                    unit: try fields.optionalText("unit") ?? ""))
        case "secret":
            guard let value = fields.present("value") else { throw fields.wrong("value", "text") }
            self = .secret(name: try fields.text("name"), bytes: try WireSecrets.bytes(value))
        case "output":
            let stream = (try fields.optionalText("stream")).flatMap(OutputStream.init) ?? .standardOutput
            self = .output(stream, try fields.text("text"))
        case "outputs":
            guard let outputs = try fields.map("outputs") else { throw fields.wrong("outputs", "an object") }
            self = .outputs(try WireValue.decode(outputs, secrets: secrets))
        case "result": self = .result(try PluginResult(fields))
        default: self = .unknown(type: type)
        }
    }
}
