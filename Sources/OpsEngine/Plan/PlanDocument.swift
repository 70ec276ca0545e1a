import Crypto
package import OpsCore
import OpsSystem
import OrderedCollections

/// A plan on disk: what `ops plan --out` writes, and `plan.json` of a run. Besides the plan it holds the request that
/// made it and a digest of each recipe file, so that it can be made again and compared. It holds no time and no secret:
/// the same input gives the same bytes.
package struct PlanDocument: Sendable {
    package var request: RecordedRequest
    /// All but what is done: the request, recipe files, inputs, git facts, `shape`.
    package let head: ValueMap
    private let body: Body

    /// The members behind the head; a large plan's are made only where they are needed.
    private enum Body: Sendable {
        /// It was read whole, and stands in the head.
        case none
        case plan(Plan)
        case runDirectory(String)
    }

    /// The recipe files with their bytes, the recipe's own first.
    package typealias Sources = [(file: String, bytes: [UInt8])]

    package init(_ plan: Plan, request: RecordedRequest, sources: Sources) {
        self.request = request
        var head = PlanJSON.head(plan)
        head["request"] = request.json
        head["recipes"] = .list(
            sources.map { file, bytes in .map(["file": .string(file), "digest": .string(Self.digest(bytes))]) })
        head["shape"] = .string(PlanShape.digest(of: plan))
        self.head = head
        body = .plan(plan)
    }

    /// The whole document, its digest last.
    package var json: Value {
        var members = head
        switch body {
        case .none: break
        case .plan(let plan): members = PlanJSON.value(head, plan).mapValue ?? head
        case .runDirectory(let path):
            let whole = (try? readFile(path + "/plan.json")).flatMap { try? JSONReader.value($0) }
            return whole ?? .map(members)
        }
        members["digest"] = .string(Self.digest(of: members))
        return .map(members)
    }

    /// The inputs that the planned tasks use.
    package var inputNames: [String] { Array((head["inputs"]?.mapValue ?? [:]).keys) }

    /// The git facts as they were.
    package var git: ValueMap { head["git"]?.mapValue ?? [:] }

    /// With indentation, for `--out` and for people.
    package var text: String { JSONWriter.text(json, indentation: 2) + "\n" }

    /// For the run's folder: the head on a line of its own, so that a resumed run need not read the rest. Without the
    /// digest: nobody runs it as a file.
    package var compact: [UInt8] {
        var first = JSONWriter()
        first.value(.map(head))
        guard case .plan(let plan) = body else { return first.bytes + [0x0A] }
        var second = JSONWriter()
        second.object { PlanJSON.body(plan, to: &$0) }
        // One object on two lines.
        return first.bytes.dropLast() + [UInt8(ascii: ","), 0x0A] + second.bytes.dropFirst() + [0x0A]
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
        head = members
        body = .none
        self.request = request
    }

    /// The head of a run's own plan. Throws: an `OpsError` where there is none.
    package init(headOf runDirectory: String) throws(OpsError) {
        let path = runDirectory + "/plan.json"
        let bytes = try readFile(path)
        var line = Array(bytes[..<(bytes.firstIndex(of: 0x0A) ?? bytes.count)])
        if line.last == UInt8(ascii: ",") { line[line.count - 1] = UInt8(ascii: "}") }
        guard let json = try? JSONReader.value(line), let request = RecordedRequest(json["request"]) else {
            throw OpsError(.invalid, "\(path) does not say what was asked for", hint: "start a new run")
        }
        head = json.mapValue ?? [:]
        body = .runDirectory(runDirectory)
        self.request = request
    }

    private static func digest(of members: ValueMap) -> String { digest(Array(JSONWriter.text(.map(members)).utf8)) }

    package static func digest(_ bytes: [UInt8]) -> String { "sha256:" + hexadecimal(SHA256.hash(data: bytes)) }
}
