import Glibc
import OpsCore
import OpsSystem
import OrderedCollections

/// One question: is this task's work done already?
struct FreshnessCheck: Sendable {
    let key: String
    let definition: TaskDefinition
    let values: [FreshnessFact]
    /// The task's folder, absolute.
    let directory: String
    /// Patterns; nil where the task declares none.
    let sources: [String]?
    let products: [String]?
    /// True where a pattern may match nothing: it is an action's own, not the recipe's.
    let areSourcesDefaulted: Bool
    let areProductsDefaulted: Bool
    let digests: ContentDigests

    /// Why a task without a record runs.
    static let unrecorded = "it has not succeeded here before"

    enum Verdict {
        /// `refreshed`: the record with what now proves the same content at less cost.
        case upToDate(outputs: ValueMap, refreshed: FreshnessRecord?)
        case stale(String)
    }

    /// The whole check. `isSettled` is false where the files may still change: then only what does not depend on them
    /// is asked, and nil says that it is for the run to find out.
    ///
    /// Throws: an `OpsError` for a pattern of `sources` that matches nothing, or a file that cannot be read.
    func verdict(_ log: FreshnessLog, isSettled: Bool = true) async throws -> Verdict? {
        let found = isSettled ? try foundSources() : nil
        guard let record = log.record(of: key) else { return .stale(Self.unrecorded) }
        if let obstacle = record.obstacle { return .stale(obstacle) }
        if let reason = difference(from: record, in: log) { return .stale(reason) }
        guard isSettled else { return nil }
        digests.learn(record.sources ?? [])
        digests.learn(record.products ?? [])
        var changes = FileChanges()
        let newSources = changes.compare(record.sources ?? [], with: found ?? [])
        let newProducts = changes.compareProducts(record.products ?? [], in: directory)
        if let reason = changes.text { return .stale(reason) }
        // Only now is anything read: each file is where it was.
        let sources = try await changes.compareContent(record.sources ?? [], newSources, digests)
        let products = try await changes.compareContent(record.products ?? [], newProducts, digests)
        if let reason = changes.text { return .stale(reason) }
        guard sources != record.sources ?? [] || products != record.products ?? [] else {
            return .upToDate(outputs: record.outputs, refreshed: nil)
        }
        var refreshed = record
        refreshed.sources = record.sources.map { _ in sources }
        refreshed.products = record.products.map { _ in products }
        return .upToDate(outputs: record.outputs, refreshed: refreshed)
    }

    /// What of the definition or of the values is not what it was.
    private func difference(from record: FreshnessRecord, in log: FreshnessLog) -> String? {
        var reasons: [String] = []
        if record.definition != definition.digest {
            guard let old = log.definition(record.definition) else { return "its definition changed" }
            reasons += Self.differences(old, definition.facts)
            if reasons.isEmpty { reasons = ["its definition changed"] }
        }
        var writer = RecordWriter()
        for fact in values { fact.write(to: &writer) }
        if writer.bytes != record.values {
            let old = record.values.withUnsafeBytes { bytes in
                var reader = RecordReader(bytes)
                return FreshnessFact.list(&reader)
            }
            reasons += Self.differences(old ?? [], values)
        }
        return FileChanges.text(reasons)
    }

    private static func differences(_ old: [FreshnessFact], _ new: [FreshnessFact]) -> [String] {
        let before = Dictionary(old.map { ($0.label, $0.text) }, uniquingKeysWith: { $0 + $1 })
        let after = Dictionary(new.map { ($0.label, $0.text) }, uniquingKeysWith: { $0 + $1 })
        var reasons: [String] = []
        for label in OrderedSet(new.map(\.label) + old.map(\.label)) {
            switch (before[label], after[label]) {
            case (let was?, let now?) where was != now:
                reasons.append(FreshnessFact.difference(label, was: was, now: now))
            case (nil, _?): reasons.append("\(label) is new")
            case (_?, nil): reasons.append("\(label) is gone")
            default: break
            }
        }
        return reasons
    }

    private func foundSources() throws(OpsError) -> [FoundFile]? {
        guard let sources else { return nil }
        let filter = try ProductFilter(products ?? [], in: directory)
        return try FoundFile.all(sources, in: directory, mayBeMissing: areSourcesDefaulted).filter {
            !filter.matches($0)
        }
    }

    // MARK: Recording

    /// The sources as they are before the task runs.
    func snapshot() async throws -> [FileState]? {
        guard let found = try foundSources() else { return nil }
        return try await digests.states(of: found)
    }

    /// The record of a task that has just succeeded.
    ///
    /// Nil where that proves nothing. Throws: an `OpsError` where it did not make what its `produces` names.
    func record(sources states: [FileState]?, outputs: ValueMap) async throws -> FreshnessRecord? {
        var made: [FileState]?
        if let products {
            var found: [FoundFile] = []
            for pattern in products {
                let matches = try productsMatching(pattern)
                // What a plugin's action said that it would write, and then did not, is no promise of the recipe.
                if matches.isEmpty { return nil }
                found += matches
            }
            made = try await digests.states(of: found)
        }
        let names = (sources ?? []).allSatisfy { !Glob.isPattern($0) } && sources?.count == states?.count
        let areFiles = (states ?? []).allSatisfy { $0.kind == .file || $0.kind == .executable }
        return FreshnessRecord(
            key: key, definition: definition.digest, values: valueBytes, sources: states, products: made,
            namesEachSource: names && areFiles, outputs: outputs, obstacle: nil)
    }

    private func productsMatching(_ pattern: String) throws(OpsError) -> [FoundFile] {
        do { return try FoundFile.all([pattern], in: directory, mayBeMissing: areProductsDefaulted) } catch {
            guard error.code == .notFound else { throw error }
            throw OpsError(
                .mismatch, "it did not make '\(pattern)', which its 'produces' names", hint: "looked in '\(directory)'")
        }
    }

    /// The record of a task that can never be up to date, so that it can be told why.
    func refusal(_ obstacle: String) -> FreshnessRecord {
        FreshnessRecord(
            key: key, definition: definition.digest, values: [], sources: nil, products: nil, namesEachSource: false,
            outputs: [:], obstacle: obstacle)
    }

    var valueBytes: [UInt8] {
        var writer = RecordWriter()
        for fact in values { fact.write(to: &writer) }
        return writer.bytes
    }
}
