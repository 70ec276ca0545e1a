package import OpsCore
package import OpsEngine
import OpsSystem

/// The run as JUnit XML, for what shows the results of tests: a suite for each task, a case for each step.
///
/// The format has no standard; this is the part that Jenkins, GitLab and Buildkite read: `testsuites`, `testsuite`,
/// `testcase`, `failure`, `error`, `skipped`, `system-out`. The file appears whole when the run ends.
package final class JUnitReporter: Reporter {
    /// One task: of clean-up that stands for itself, its name.
    private struct Suite {
        var name: String
        var started: Double
        var cases: [JUnitCase] = []
        var duration = Duration.zero
    }

    private let path: String
    private var file: AtomicFile?
    private var recipe = ""
    private var started: Double?
    private var duration = Duration.zero
    private var suites: [Suite] = []
    private var places: [TaskID: Int] = [:]
    private var steps: [StepID: StepStarted] = [:]
    /// What kept the file from being written.
    package private(set) var problem: OpsError?

    /// Throws: an `OpsError` where there can be no file of that path.
    package init(_ path: String) throws(OpsError) {
        self.path = path
        file = try AtomicFile(path)
    }

    package func receive(_ event: RunEvent) {
        switch event.kind {
        case .runStarted(let run): begin(run.recipe, event.time)
        case .runResumed(let run): begin(run.recipe, event.time)
        case .taskStarted(let task, _): _ = suite(task, at: event.time)
        case .stepStarted(let step):
            steps[step.step] = step
            _ = suite(RunRecord.task(of: step.step), at: event.time)
        case .stepFinished(let finished):
            let place = suite(RunRecord.task(of: finished.step), at: event.time)
            let started = steps.removeValue(forKey: finished.step)
            suites[place].cases.append(JUnitCase(finished, started))
            if RunRecord.standsAlone(finished.step) { suites[place].duration = finished.duration }
        case .taskFinished(let task):
            let place = suite(task.task, at: event.time)
            suites[place].duration = task.duration
            // `continue-on-error` of a task with one action is the task's.
            if task.isSatisfied { suites[place].cases = suites[place].cases.map(\.tolerated) }
            // A task that only gathers its needs is a result too, and so is one that was skipped.
            if suites[place].cases.isEmpty { suites[place].cases = [JUnitCase(task)] }
        case .runFinished(let run): duration = run.duration
        case .output, .progress, .message, .cleanUpStarted, .secretOwed, .secretRevoked: break
        }
    }

    package func close() {
        guard let file = file.take() else { return }
        do throws(OpsError) {
            try file.write(Array(document.utf8))
            try file.commit()
        } catch {
            problem = error
        }
    }

    private func begin(_ recipe: String, _ time: Double) {
        self.recipe = recipe
        started = time
    }

    private func suite(_ task: TaskID, at time: Double) -> Int {
        if let place = places[task] { return place }
        places[task] = suites.count
        suites.append(Suite(name: "\(task)", started: time))
        return suites.count - 1
    }

    private var document: String {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites"
        text += Self.attributes(recipe, suites.flatMap(\.cases), duration, at: started) + ">\n"
        for suite in suites {
            text += "  <testsuite" + Self.attributes(suite.name, suite.cases, suite.duration, at: suite.started) + ">\n"
            for item in suite.cases { text += item.xml(suite: suite.name) }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    private static func attributes(
        _ name: String, _ cases: [JUnitCase], _ duration: Duration, at time: Double?
    ) -> String {
        func count(_ kind: JUnitCase.Kind) -> Int { cases.count { $0.kind == kind } }
        return " name=\"\(XMLText.attribute(name))\" tests=\"\(cases.count)\" failures=\"\(count(.failure))\""
            + " errors=\"\(count(.error))\" skipped=\"\(count(.skipped))\" time=\"\(JUnitCase.seconds(duration))\""
            + (time.map { " timestamp=\"\(Timestamp.iso8601($0))\"" } ?? "")
    }
}
