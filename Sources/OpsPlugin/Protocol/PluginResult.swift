package import OpsCore
import OrderedCollections

/// How a call ended: the last line a plugin writes, and the only one of its kind.
package struct PluginResult: Sendable {
    package enum Status: String, Sendable, CaseIterable { case ok, error, cancelled }

    package var id: String
    package var status: Status
    /// Of a plan.
    package var effects: [Effect] = []
    /// Of `describe`: the manifest as JSON.
    package var manifest: Value?
    /// Of `fetch`, in the order of the references.
    package var values: [Result<[UInt8], SecretFailure>] = []
    /// Where the status is `error`.
    package var error: PluginError?

    package init(id: String, status: Status) {
        self.id = id
        self.status = status
    }

    func write(to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("status", status.rawValue)
        if !effects.isEmpty { writer.member("effects", .list(effects.map(Self.json))) }
        writer.member("manifest", manifest)
        if !values.isEmpty { writer.member("values", .list(values.map(Self.json))) }
        writer.member("error", error?.json)
    }

    private static func json(_ effect: Effect) -> Value {
        var members: ValueMap = ["kind": .string(effect.kind.rawValue), "target": .string(effect.target)]
        members["detail"] = effect.detail.map { .string($0) }
        return .map(members)
    }

    private static func json(_ answer: Result<[UInt8], SecretFailure>) -> Value {
        switch answer {
        case .success(let bytes):
            let value = WireSecrets.json(bytes)
            return value.stringValue == nil ? value : .map(["value": value])
        case .failure(let failure):
            var members: ValueMap = [
                "failure": .string(failure.reason.rawValue), "message": .string(failure.message),
            ]
            members["hint"] = failure.hint.map { .string($0) }
            return .map(members)
        }
    }

    init(_ fields: MessageFields) throws(OpsError) {
        id = try fields.text("id")
        status = try fields.word("status")
        for effect in try fields.fields("effects") ?? [] {
            let kind: Effect.Kind = try effect.word("kind")
            effects.append(Effect(kind, try effect.text("target"), detail: try effect.optionalText("detail")))
        }
        manifest = fields.present("manifest")
        for answer in try fields.fields("values") ?? [] { values.append(try Self.answer(answer)) }
        if let members = try fields.map("error") {
            error = try PluginError(MessageFields(members, label: "'error' of its result"))
        }
        if status == .error, error == nil { throw fields.wrong("error", "an object where the status is error") }
    }

    private static func answer(_ fields: MessageFields) throws(OpsError) -> Result<[UInt8], SecretFailure> {
        if let name = try fields.optionalText("failure") {
            // A reason of a later version must not fall through to the next reference, as `missing` would.
            let reason = SecretFailure.Reason(rawValue: name) ?? .invalid
            return .failure(
                SecretFailure(
                    reason, try fields.optionalText("message") ?? "no reason was given",
                    hint: try fields.optionalText("hint")))
        }
        if let value = fields.present("value") { return .success(try WireSecrets.bytes(value)) }
        return .success(try WireSecrets.bytes(.map(fields.members)))
    }
}

/// Why a plugin could not do what it was asked for.
package struct PluginError: Sendable, Hashable {
    /// The codes of protocol 1. Another one is taken as `internal`.
    package enum Code: String, Sendable, CaseIterable {
        case invalidInput = "invalid-input"
        case notFound = "not-found"
        case unauthorized, conflict, unavailable, timeout, cancelled
        case planStale = "plan-stale"
        case planMismatch = "plan-mismatch"
        case unsupported
        case `internal`
    }

    package var code: Code
    package var message: String
    package var hint: String?
    /// True where the same call may succeed later.
    package var isRetryable: Bool
    /// A JSON Pointer (RFC 6901) into the request: `/inputs/source`.
    package var place: String?

    package init(_ code: Code, _ message: String, hint: String? = nil, retryable: Bool = false, at place: String? = nil)
    {
        self.code = code
        self.message = message
        self.hint = hint
        isRetryable = retryable
        self.place = place
    }

    init(_ fields: MessageFields) throws(OpsError) {
        code = Code(rawValue: try fields.text("code")) ?? .internal
        message = try fields.text("message")
        hint = try fields.optionalText("hint")
        isRetryable = try fields.flag("retryable")
        place = try fields.optionalText("at")
    }

    var json: Value {
        var members: ValueMap = ["code": .string(code.rawValue), "message": .string(message)]
        members["hint"] = hint.map { .string($0) }
        members["retryable"] = .boolean(isRetryable)
        members["at"] = place.map { .string($0) }
        return .map(members)
    }
}
