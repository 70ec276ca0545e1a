package import OpsCore

/// One line that the host writes to a plugin's standard input.
package enum PluginHostMessage: Sendable {
    case request(PluginRequest)
    /// The call's end is wanted: the plugin has the grace to tidy up and answer.
    case cancel(id: String, reason: CancellationReason, grace: Duration)
    /// A request of a major that this side does not speak.
    case unsupported(major: Int, id: String)
    /// A line of a type that this side does not know: to be ignored.
    case unknown(type: String)

    /// The line of a cancellation, without its end.
    package static func cancelLine(id: String, reason: CancellationReason, grace: Duration) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("ops", PluginProtocol.major)
            writer.member("type", "cancel")
            writer.member("id", id)
            writer.member("reason", reason.rawValue)
            writer.member("grace-ms", Int(grace.nanoseconds / 1_000_000))
        }
        return writer.bytes
    }

    /// Reads a line.
    ///
    /// Throws: an `OpsError` (`invalid`) where it is no message. It quotes nothing: a request holds secrets.
    package init(line: [UInt8]) throws(OpsError) {
        let json: Value
        do throws(OpsError) { json = try JSONReader.value(line) } catch {
            throw OpsError(.invalid, "the line on standard input is not JSON")
        }
        guard let members = json.mapValue else {
            throw OpsError(.invalid, "the line on standard input is not a JSON object")
        }
        let fields = MessageFields(members, label: "the request")
        let type = try fields.text("type")
        guard type == "request" || type == "cancel" else {
            self = .unknown(type: type)
            return
        }
        guard let major = try fields.optionalInteger("ops") else { throw fields.wrong("ops", "a whole number") }
        let id = try fields.text("id")
        guard major == PluginProtocol.major else {
            self = .unsupported(major: major, id: id)
            return
        }
        if type == "request" {
            self = .request(try PluginRequest(fields))
        } else {
            let reason = (try fields.optionalText("reason")).flatMap(CancellationReason.init) ?? .interrupt
            self = .cancel(
                id: id, reason: reason, grace: .milliseconds(try fields.optionalInteger("grace-ms") ?? 0))
        }
    }
}
