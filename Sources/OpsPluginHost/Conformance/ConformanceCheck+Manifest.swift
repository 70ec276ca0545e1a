import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

extension ConformanceCheck {
    /// The check without which there is nothing to start.
    package static let programCheck = "program"

    /// What the manifest says, and whether the program agrees.
    static let manifestChecks = [
        ConformanceCheck(programCheck, ["M1"], "The program that plugin.yaml names can be started") { session in
            let program = try session.plugin.program()
            guard let status = FileStatus.find(program), status.kind == .file else {
                return .failed("there is no file \(program)", hint: "was it built?")
            }
            guard status.mode & 0o111 != 0 else {
                return .failed("\(program) is not executable", hint: "chmod +x \(program)")
            }
            return .passed("plugin.yaml is good, \(session.manifest.program ?? "") is there")
        },
        ConformanceCheck("alone", ["M2"], "Started by a person it says what it is") { session in
            let call = ConformanceCall(
                label: "a start without ops", verb: .apply, input: [], then: .closeInput,
                limit: session.limit, directory: try await session.folder(), isByOps: false)
            let answer = try await session.call(call)
            guard answer.status == .exited(2) else { return .failed("status 2 was expected: \(answer.ending)") }
            guard answer.lines.isEmpty, answer.unfinished.isEmpty else {
                return .failed("it wrote to standard output", hint: "write the message to standard error")
            }
            let text = String(decoding: answer.errorOutput, as: UTF8.self)
            guard text.contains("ops"), text.contains("plugin") else {
                return .failed("it does not say that it is a plugin of ops", hint: "on standard error")
            }
            return .passed(text.split(separator: "\n").first.map(String.init) ?? "")
        },
        ConformanceCheck("describe", ["M3"], "The program describes itself as plugin.yaml does") { session in
            let answer = try await session.ask(session.describe(), "describe")
            guard let json = answer.results.last?.manifest else {
                return .failed("the result has no manifest: \(answer.ending)")
            }
            if let difference = difference(comparable(session.manifest.json), comparable(json), at: "") {
                return .failed(difference, hint: "the program's own word is what it does: correct plugin.yaml or it")
            }
            return .passed("both say the same")
        },
    ]

    /// What both must say alike.
    private static func comparable(_ manifest: Value) -> Value {
        var members = ValueMap()
        for key in ["name", "version"] { members[key] = .string(manifest[key]?.scalarText ?? "") }
        members["protocol"] = manifest["protocol"] ?? .list([])
        members["secrets"] = manifest["secrets"] ?? .list([])
        let actions = manifest["actions"]?.mapValue ?? [:]
        members["actions"] = .map(
            actions.mapValues { action in
                guard case .map(var members) = action else { return action }
                members["examples"] = nil
                return .map(members)
            })
        return .map(members)
    }

    /// The first place where two values differ, in words; nil where none does.
    private static func difference(_ file: Value, _ program: Value, at path: String) -> String? {
        if file == program { return nil }
        guard case (.map(let left), .map(let right)) = (file, program) else {
            return "\(path): plugin.yaml has \(JSONWriter.text(file)), the program \(JSONWriter.text(program))"
        }
        for key in OrderedSet(left.keys).union(right.keys) {
            let place = path.isEmpty ? key : "\(path).\(key)"
            switch (left[key], right[key]) {
            case (let one?, let other?):
                if let found = difference(one, other, at: place) { return found }
            case (nil, _): return "\(place): the program has it, plugin.yaml has not"
            case (_, nil): return "\(place): plugin.yaml has it, the program has not"
            }
        }
        return nil
    }
}
