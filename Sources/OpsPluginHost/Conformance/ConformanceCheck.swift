/// One check of `ops plugin test`. The table that it prints, its JSON and the manual are made from this declaration.
package struct ConformanceCheck: Sendable {
    /// A stable name: `plan-is-pure`.
    package let id: String
    /// The rules of ops-plugin(7) that it checks: `M11`.
    package let rules: [String]
    /// One sentence without a full stop.
    package let title: String
    let run: @Sendable (ConformanceSession) async throws -> ConformanceOutcome

    init(
        _ id: String, _ rules: [String], _ title: String,
        _ run: @escaping @Sendable (ConformanceSession) async throws -> ConformanceOutcome
    ) {
        self.id = id
        self.rules = rules
        self.title = title
        self.run = run
    }

    /// In the order in which they run: those that look at all calls come last.
    package static let all = manifestChecks + exampleChecks + requestChecks + endingChecks + overallChecks
}

/// What a check came to.
package enum ConformanceOutcome: Sendable, Hashable {
    /// With what was seen.
    case passed(String)
    /// With what was seen, and what to do.
    case failed(String, hint: String?)
    /// It does not concern this plugin, and why.
    case skipped(String)

    static func failed(_ text: String) -> ConformanceOutcome { .failed(text, hint: nil) }
}

/// What `ops plugin test` found.
package struct ConformanceReport: Sendable {
    package var plugin: String
    package var version: String
    package var results: [(check: ConformanceCheck, outcome: ConformanceOutcome)] = []

    package var isGood: Bool { !results.contains { if case .failed = $0.outcome { true } else { false } } }

    /// Runs the checks against a plugin, whose program is started some dozen times. Its files are made in a folder that
    /// is removed afterwards.
    ///
    /// - Parameters:
    ///   - environment: of the caller; the program is given what ops would give it.
    ///   - temporary: a folder for the folders of the calls, absolute.
    ///   - limit: how long a call may take to end once it should.
    ///   - checks: those that are run, in their order.
    /// Throws: an `OpsError` where the kit itself cannot work; `CancellationError`.
    package static func make(
        of plugin: FoundPlugin, environment: [String: String], temporary: String, limit: Duration,
        checks: [ConformanceCheck] = ConformanceCheck.all
    ) async throws -> ConformanceReport {
        let session = try ConformanceSession(plugin, environment: environment, temporary: temporary, limit: limit)
        var report = ConformanceReport(plugin: plugin.manifest.name, version: plugin.manifest.version)
        for check in checks {
            do {
                report.results.append((check, try await check.run(session)))
            } catch let stop as ConformanceStop {
                report.results.append((check, stop.outcome))
            }
            // Without a program there is nothing to ask.
            if check.id == ConformanceCheck.programCheck, !report.isGood { break }
        }
        return report
    }
}

/// Ends a check from within.
struct ConformanceStop: Error {
    var outcome: ConformanceOutcome
}
