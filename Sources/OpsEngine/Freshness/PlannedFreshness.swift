import OpsCore
import OrderedCollections

/// Whether the work of a task is done already, as far as the plan can tell, and what the run needs to ask again.
package final class PlannedFreshness: Sendable {
    package enum State: Sendable {
        case upToDate
        /// It will run, because of this.
        case stale(reason: String)
        /// It will run because it was asked for in any case.
        case forced
        /// What comes before it in the plan decides; the reason to run, as a condition.
        case undecided(String)
    }

    package let state: State
    let key: String
    let definition: TaskDefinition
    /// The task's folder, absolute.
    let directory: String
    /// Patterns; nil where the task declares none.
    let sources: [String]?
    let products: [String]?
    /// True where they are what the actions read and write: a pattern that matches nothing is theirs to report.
    let areSourcesDefaulted: Bool
    let areProductsDefaulted: Bool
    /// The same record with what proves it at less cost from now on, where the plan had to read.
    let refreshed: FreshnessRecord?

    init(
        _ state: State, key: String, definition: TaskDefinition, directory: String, sources: [String]?,
        products: [String]?, areSourcesDefaulted: Bool = false, areProductsDefaulted: Bool = false,
        refreshed: FreshnessRecord? = nil
    ) {
        self.state = state
        self.key = key
        self.definition = definition
        self.directory = directory
        self.sources = sources
        self.products = products
        self.areSourcesDefaulted = areSourcesDefaulted
        self.areProductsDefaulted = areProductsDefaulted
        self.refreshed = refreshed
    }

    /// Why the task runs, in a few words: `src/a.swift changed`. Nil where it is up to date or not decided yet.
    package var reason: String? {
        switch state {
        case .stale(let reason): reason
        case .forced: "--force"
        case .upToDate, .undecided: nil
        }
    }

    var isForced: Bool { if case .forced = state { true } else { false } }

    func check(_ values: [FreshnessFact], _ digests: ContentDigests) -> FreshnessCheck {
        FreshnessCheck(
            key: key, definition: definition, values: values, directory: directory, sources: sources,
            products: products, areSourcesDefaulted: areSourcesDefaulted, areProductsDefaulted: areProductsDefaulted,
            digests: digests)
    }
}

/// The records of a recipe, with what was read to check them; one for a plan and its run.
package struct FreshnessRecords: Sendable {
    var log: FreshnessLog
    let digests = ContentDigests()

    init(_ log: FreshnessLog) { self.log = log }
}
