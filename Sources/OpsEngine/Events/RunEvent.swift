package import OpsCore
package import OpsPlugin
import OrderedCollections

/// What happened in a run. Reporters and the journal read this stream and know nothing else. All text in it
/// is masked already.
package struct RunEvent: Sendable {
    package enum Kind: Sendable {
        case runStarted(RunStarted)
        /// In place of `runStarted` where an earlier run goes on.
        case runResumed(RunResumed)
        /// With the reason, where the task could have been up to date: `src/a.swift changed`.
        case taskStarted(TaskID, reason: String?)
        case stepStarted(StepStarted)
        /// A stretch of a step's own output: any bytes, not cut at lines.
        case output(StepID, OutputStream, [UInt8])
        case progress(StepID, Progress)
        case message(Message)
        case stepFinished(StepFinished)
        case cleanUpStarted(CleanUpStarted)
        /// Something was made on a server, or is about to be, that the run's end takes back.
        case secretOwed(SecretDebt)
        /// It was taken back: what this run made, or an earlier one that was killed.
        case secretRevoked(SecretDebt, earlierRun: String?)
        case taskFinished(TaskFinished)
        case runFinished(RunFinished)
    }

    /// Seconds since 1970.
    package var time: Double
    package var kind: Kind

    package init(time: Double, kind: Kind) {
        self.time = time
        self.kind = kind
    }
}

/// A task, with the values of its own inputs and its row of the matrix, as people read it.
package struct TaskID: Sendable, Hashable, CustomStringConvertible {
    /// The name in the recipe; that of an included one with the way to it: `common:lint`.
    package var name: String
    /// The values of its own inputs that are not the default: `version=1.2`; nil where there are none.
    package var inputs: String?
    /// `arch=amd64`, or nil.
    package var instance: String?

    package init(name: String, inputs: String? = nil, instance: String? = nil) {
        self.name = name
        self.inputs = inputs
        self.instance = instance
    }

    /// `image(version=1.2)[arch=amd64]`
    package var description: String {
        if inputs == nil, instance == nil { return name }
        return name + (inputs.map { "(\($0))" } ?? "") + (instance.map { "[\($0)]" } ?? "")
    }

    /// The task that it is an instance of.
    package var task: TaskID { TaskID(name: name, inputs: inputs) }

    /// True where a user's word means it: the whole of it, or a task that it is an instance of.
    package func isMeant(by word: String) -> Bool {
        word == name || word == description || word == task.description
    }
}

/// A step of a task. Clean-up steps count on behind the task's own.
package struct StepID: Sendable, Hashable, CustomStringConvertible {
    /// Which list of the task it stands in.
    package enum Part: String, Sendable { case steps, undo, onFailure = "on-failure", finally }

    /// Nil for the recipe's own `on-failure` and `finally`.
    package var task: TaskID?
    package var part: Part
    /// From 0 within its part.
    package var index: Int

    package init(task: TaskID?, part: Part = .steps, index: Int) {
        self.task = task
        self.part = part
        self.index = index
    }

    package var description: String {
        let place = part == .steps ? "\(index + 1)" : "\(part.rawValue) \(index + 1)"
        return task.map { "\($0) \(place)" } ?? place
    }
}

/// How a run, a task or a step ended.
package enum Outcome: String, Sendable, Hashable {
    case succeeded, failed, skipped
    case upToDate = "up-to-date"
    case cancelled
    case timedOut = "timed-out"

    /// True where what depends on it can go on.
    package var isSatisfied: Bool { self == .succeeded || self == .upToDate }
}

package struct RunStarted: Sendable {
    package var run: String
    package var recipe: String
    /// As it was asked: `release image`.
    package var tasks: [String]
    /// How many tasks the plan lists.
    package var taskCount: Int
    package var version: String

    package init(run: String, recipe: String, tasks: [String], taskCount: Int, version: String) {
        self.run = run
        self.recipe = recipe
        self.tasks = tasks
        self.taskCount = taskCount
        self.version = version
    }
}

/// A run that failed, was interrupted or died goes on.
package struct RunResumed: Sendable {
    package var run: String
    package var recipe: String
    package var tasks: [String]
    package var taskCount: Int
    /// How many of them are finished and are not run again.
    package var finishedTasks: Int
    package var version: String

    package init(
        run: String, recipe: String, tasks: [String], taskCount: Int, finishedTasks: Int, version: String
    ) {
        self.run = run
        self.recipe = recipe
        self.tasks = tasks
        self.taskCount = taskCount
        self.finishedTasks = finishedTasks
        self.version = version
    }
}

package struct StepStarted: Sendable {
    package var step: StepID
    /// The step's `name`, else its `id`, else nil.
    package var name: String?
    /// `run` or `plugin.action`.
    package var action: String
    /// What it does, for a heading: the command line, the script's first line, the action's target.
    package var summary: String
    package var attempt: Int
    /// True where the step has the terminal until it ends.
    package var isInteractive: Bool
    /// True where a resumed run treats it in a way of its own (`resume`): that it began must not be lost.
    package var isGuarded: Bool

    package init(
        step: StepID, name: String?, action: String, summary: String, attempt: Int = 1, isInteractive: Bool = false,
        isGuarded: Bool = false
    ) {
        self.step = step
        self.name = name
        self.action = action
        self.summary = summary
        self.attempt = attempt
        self.isInteractive = isInteractive
        self.isGuarded = isGuarded
    }
}

package struct Message: Sendable {
    package enum Level: String, Sendable { case debug, info, notice, warning, error }

    package var level: Level
    package var text: String
    package var step: StepID?

    package init(level: Level, text: String, step: StepID? = nil) {
        self.level = level
        self.text = text
        self.step = step
    }
}

/// Why a step failed.
package struct Failure: Sendable {
    package var code: String
    package var message: String
    package var hint: String?
    /// The recipe's place of the step.
    package var location: SourceRange?
    /// The exit status of a command.
    package var exitStatus: Int?
    /// The last lines that it printed, at most ten.
    package var lastLines: [String]

    package init(
        code: String, message: String, hint: String? = nil, location: SourceRange? = nil, exitStatus: Int? = nil,
        lastLines: [String] = []
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.location = location
        self.exitStatus = exitStatus
        self.lastLines = lastLines
    }
}

package struct StepFinished: Sendable {
    package var step: StepID
    package var outcome: Outcome
    /// Why it was skipped or cancelled.
    package var reason: String?
    package var duration: Duration
    /// The outputs, secrets without bytes.
    package var outputs: ValueMap
    package var failure: Failure?
    /// True where the failure does not count (`continue-on-error`).
    package var isTolerated: Bool
    /// True where it left a process running, which the rest of its task may rely on.
    package var leftRunning: Bool

    package init(
        step: StepID, outcome: Outcome, reason: String? = nil, duration: Duration, outputs: ValueMap = [:],
        failure: Failure? = nil, isTolerated: Bool = false, leftRunning: Bool = false
    ) {
        self.step = step
        self.outcome = outcome
        self.reason = reason
        self.duration = duration
        self.outputs = outputs
        self.failure = failure
        self.isTolerated = isTolerated
        self.leftRunning = leftRunning
    }
}

/// A task's own steps are over, and its clean-up begins: what a resumed run needs to finish it.
package struct CleanUpStarted: Sendable {
    package var task: TaskID
    package var outcome: Outcome
    /// What the handlers get as `OPS_EXIT_CODE` and `OPS_ERROR`.
    package var exitStatus: Int?
    package var error: String?

    package init(task: TaskID, outcome: Outcome, exitStatus: Int?, error: String?) {
        self.task = task
        self.outcome = outcome
        self.exitStatus = exitStatus
        self.error = error
    }
}

package struct TaskFinished: Sendable {
    package var task: TaskID
    package var outcome: Outcome
    package var reason: String?
    package var duration: Duration
    package var outputs: ValueMap
    /// True where what needs it goes on: it succeeded, skipped itself, or its failure is tolerated.
    package var isSatisfied: Bool

    package init(
        task: TaskID, outcome: Outcome, reason: String? = nil, duration: Duration, outputs: ValueMap = [:],
        isSatisfied: Bool? = nil
    ) {
        self.task = task
        self.outcome = outcome
        self.reason = reason
        self.duration = duration
        self.outputs = outputs
        self.isSatisfied = isSatisfied ?? outcome.isSatisfied
    }
}

package struct RunFinished: Sendable {
    package var run: String
    package var outcome: Outcome
    package var duration: Duration
    /// The process's exit status.
    package var exitStatus: Int32
    /// Why, where it is not one task's failure: `interrupted by SIGINT`, `the run's timeout of 10m passed`.
    package var reason: String?

    package init(run: String, outcome: Outcome, duration: Duration, exitStatus: Int32, reason: String? = nil) {
        self.run = run
        self.outcome = outcome
        self.duration = duration
        self.exitStatus = exitStatus
        self.reason = reason
    }
}
