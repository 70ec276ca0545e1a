import Crypto
package import OpsCore
import OpsSystem
import OrderedCollections

/// A plan on disk: what `ops plan --out` writes, and `plan.json` of a run. Besides the plan it holds the request that
/// made it and a digest of each recipe file, so that it can be made again and compared. It holds no time and no secret:
/// the same input gives the same bytes.
package struct PlanDocument: Sendable {
    package var request: RecordedRequest
    /// The whole document, or the head of it: all but the members behind `secrets`.
    package let json: Value

    /// The recipe files with their bytes, the recipe's own first.
    package typealias Sources = [(file: String, bytes: [UInt8])]

    package init(_ plan: Plan, request: RecordedRequest, sources: Sources) {
        self.request = request
        let recipes = sources.map { file, bytes in
            Value.map(["file": .string(file), "digest": .string(Self.digest(bytes))])
        }
        var members: ValueMap = [:]
        for (key, value) in PlanJSON.value(plan).mapValue ?? [:] {
            if key == "secrets" {
                members["request"] = request.json
                members["recipes"] = .list(recipes)
                members["shape"] = .string(Self.shape(of: plan))
            }
            members[key] = value
        }
        members["digest"] = .string(Self.digest(of: members))
        json = .map(members)
    }

    /// The inputs that the planned tasks use.
    package var inputNames: [String] { Array((json["inputs"]?.mapValue ?? [:]).keys) }

    /// The git facts as they were.
    package var git: ValueMap { json["git"]?.mapValue ?? [:] }

    /// With indentation, for `--out` and for people.
    package var text: String { JSONWriter.text(json, indentation: 2) + "\n" }

    /// For the run's folder: the head on a line of its own, so that a resumed run need not read the rest.
    package var compact: [UInt8] {
        let members = json.mapValue ?? [:]
        let count = members.keys.firstIndex(of: "secrets") ?? members.count
        let head = ValueMap(uniqueKeysWithValues: members.elements[..<count].map { ($0.key, $0.value) })
        let rest = ValueMap(uniqueKeysWithValues: members.elements[count...].map { ($0.key, $0.value) })
        return Array((JSONWriter.text(.map(head)).dropLast() + ",\n" + JSONWriter.text(.map(rest)).dropFirst() + "\n").utf8)
    }

    /// Writes `plan.json` of a run, whole and on the disk.
    package func write(runDirectory: String) throws(OpsError) {
        try writeAtomically(compact, to: runDirectory + "/plan.json", mode: 0o600)
    }

    /// The document in a file.
    ///
    /// Throws: an `OpsError` (`invalid`) where it is none, is of another version, or was changed by hand.
    package init(file path: String, name: String) throws(OpsError) {
        let bytes = try readFile(path, limit: 1 << 30)
        guard let json = try? JSONReader.value(bytes), var members = json.mapValue,
            let schema = json["schema"]?.stringValue
        else { throw OpsError(.invalid, "\(name) is not a plan", hint: "'ops plan --out FILE' writes one") }
        guard schema == PlanJSON.schema, let request = RecordedRequest(json["request"]) else {
            throw OpsError(
                .invalid, "\(name) is a plan of the form '\(schema)', and this version reads '\(PlanJSON.schema)'",
                hint: "plan again with 'ops plan --out'")
        }
        let digest = members.removeValue(forKey: "digest")
        guard digest?.stringValue == Self.digest(of: members) else {
            throw OpsError(
                .invalid, "\(name) was changed after it was written: its digest is another",
                hint: "plan again with 'ops plan --out'")
        }
        self.json = json
        self.request = request
    }

    /// The head of a run's own plan. Throws: an `OpsError` where there is none.
    package init(headOf runDirectory: String) throws(OpsError) {
        let path = runDirectory + "/plan.json"
        let bytes = try readFile(path)
        var head = Array(bytes[..<(bytes.firstIndex(of: 0x0A) ?? bytes.count)])
        if head.last == UInt8(ascii: ",") { head[head.count - 1] = UInt8(ascii: "}") }
        guard let json = try? JSONReader.value(head), let request = RecordedRequest(json["request"]) else {
            throw OpsError(.invalid, "\(path) does not say what was asked for", hint: "start a new run")
        }
        self.json = json
        self.request = request
    }

    /// The tasks and steps with their decisions as one digest: two plans with the same start the same steps.
    package static func shape(of plan: Plan) -> String {
        var text: [UInt8] = []
        func add(_ part: String, _ end: Character) { text += Array((part + String(end)).utf8) }
        func add(_ steps: [PlannedStep]) {
            for step in steps {
                add(step.action, " ")
                add(step.decision.shape, " ")
                add(step.name ?? "", "\n")
            }
        }
        for task in plan.tasks {
            add(task.id.description, " ")
            add(task.decision.shape, "\n")
            add(task.steps)
            add(task.onFailure)
            add(task.finally)
        }
        add(plan.onFailure)
        add(plan.finally)
        return digest(text)
    }

    private static func digest(of members: ValueMap) -> String { digest(Array(JSONWriter.text(.map(members)).utf8)) }

    package static func digest(_ bytes: [UInt8]) -> String { "sha256:" + hexadecimal(SHA256.hash(data: bytes)) }
}

extension Decision {
    /// The name where it tells two plans apart: whether the work is done already is asked again in each run.
    fileprivate var shape: String { name == "up-to-date" ? "run" : name }
}
