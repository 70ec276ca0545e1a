import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

extension ConformanceCheck {
    /// Requests that are odd, or none.
    static let requestChecks = [
        unreadable("garbage", "What is not JSON is refused", Array("this is no request\n".utf8), .wait),
        unreadable("no-request", "JSON that is no request is refused", Array("[1,2,3]\n".utf8), .wait),
        unreadable("empty-input", "A missing request is noticed", [], .closeInput),
        unreadable(
            "half-request", "A request that is cut off is refused", Array(#"{"ops":1,"type":"req"#.utf8), .closeInput),
        unreadable(
            "oversize", "A request of more than 1 MiB is refused",
            Array(#"{"ops":1,"type":"request","id":"big","verb":"describe","filler":""#.utf8)
                + [UInt8](repeating: UInt8(ascii: "x"), count: 2 * PluginProtocol.lineLimit) + Array("\"}\n".utf8),
            .wait),
        ConformanceCheck("other-major", ["M8"], "A protocol of another major is refused by name") { session in
            let major = 7
            let answer = try await session.ask(session.describe(), "a request of protocol \(major)") {
                $0["ops"] = .integer(major)
            }
            guard let error = answer.results.last?.error else {
                return .failed("there is no error: \(answer.ending)", hint: "look at 'ops' first")
            }
            guard error.code == .unsupported else {
                return .failed("the error's code is '\(error.code.rawValue)', not 'unsupported'")
            }
            guard error.message.contains("\(major)"), error.message.contains("\(PluginProtocol.major)") else {
                return .failed("the message does not name both versions: \(error.message)")
            }
            return .passed(error.message)
        },
        described("unknown-members", "M9", "What it does not know is ignored") { members in
            members["x-kit"] = .map(["nested": .list([.integer(1), .null])])
            members["features"] = .list([.string("progress"), .string("x-kit")])
        },
        described("separators", "M10", "Line separators of Unicode are text") { members in
            members["x-kit"] = .string("a\u{2028}b\u{2029}c\u{85}d\r e")
        },
        described("long-line", "M10", "A line of 1 MiB is read") { members in
            let rest = JSONWriter.text(.map(members)).utf8.count + #","x-kit":"""#.utf8.count
            members["x-kit"] = .string(String(repeating: "x", count: PluginProtocol.lineLimit - rest))
        },
        ConformanceCheck("fetch", ["M22"], "Every reference to a secret is answered") { session in
            let schemes = session.manifest.schemes
            guard !schemes.isEmpty else { return .skipped("it provides no secrets") }
            for scheme in schemes {
                var request = PluginRequest(id: "f1", verb: .fetch, directory: try await session.folder())
                request.references = try ["a", "b"].map {
                    try SecretReference("\(scheme)://ops-plugin-test/\($0)#value")
                }
                let answer = try await session.ask(request, "fetch of two references of \(scheme)")
                guard let result = answer.results.last, result.status == .ok else {
                    let message = answer.results.last?.error?.message ?? answer.ending
                    return .failed(
                        "\(answer.call.label): \(message)", hint: "what one reference lacks is told in its value")
                }
                guard result.values.count == 2 else {
                    return .failed("\(answer.call.label): \(result.values.count) values came")
                }
                // ops is lenient with what a later version may send.
                for value in answer.resultMembers?["values"]?.listValue ?? [] {
                    guard let problem = problem(ofValue: value) else { continue }
                    return .failed("\(answer.call.label): \(problem): \(JSONWriter.text(value))")
                }
            }
            return .passed("two of each scheme: \(schemes.joined(separator: ", "))")
        },
    ]

    /// What is wrong with the answer to one reference; nil where nothing is.
    private static func problem(ofValue value: Value) -> String? {
        guard let failure = value["failure"] else {
            let isText = value["value"]?.stringValue != nil || value["base64"]?.stringValue != nil
            return isText ? nil : "neither a value nor a failure"
        }
        let reasons = SecretFailure.Reason.allCases.map(\.rawValue)
        guard let reason = failure.stringValue, reasons.contains(reason) else {
            return "the failure is none of \(reasons.joined(separator: ", "))"
        }
        return value["message"]?.stringValue?.isEmpty ?? true ? "the failure has no message" : nil
    }

    /// A check that sends what is no request.
    private static func unreadable(
        _ id: String, _ title: String, _ input: [UInt8], _ then: ConformanceCall.Then
    ) -> ConformanceCheck {
        ConformanceCheck(id, ["M7"], title) { session in
            let verb: PluginVerb = session.manifest.actions.isEmpty ? .fetch : .apply
            let answer = try await session.call(
                ConformanceCall(
                    label: title, verb: verb, input: input, then: then, limit: session.limit,
                    directory: try await session.folder()))
            if let result = answer.results.last {
                guard result.status == .error else { return .failed("its result is '\(result.status.rawValue)'") }
                return .passed(result.error?.message ?? "")
            }
            guard case .exited(let code)? = answer.status, code != 0 else { return .failed(answer.ending) }
            guard !answer.errorOutput.isEmpty else { return .failed("\(answer.ending), and no word on standard error") }
            return .passed(answer.ending)
        }
    }

    /// A check that asks for the manifest by a request that is changed.
    private static func described(
        _ id: String, _ rule: String, _ title: String, _ change: @escaping @Sendable (inout ValueMap) -> Void
    ) -> ConformanceCheck {
        ConformanceCheck(id, [rule], title) { session in
            let answer = try await session.ask(session.describe(), "describe (\(id))", changes: change)
            guard let result = answer.results.last else { return .failed("no result: \(answer.ending)") }
            guard result.status == .ok, result.manifest?["name"] == .string(session.manifest.name) else {
                return .failed(result.error?.message ?? "the manifest did not come")
            }
            return .passed("describe was answered")
        }
    }
}
