package import OpsCore
package import OrderedCollections

package struct Step: Sendable {
    package var id: String?
    package var name: Template?
    package var condition: Condition?
    package var action: ActionCall
    package var env: OrderedDictionary<String, Template> = [:]
    package var dir: Template?
    package var shell: Shell?
    package var standardInput: Template?
    package var standardOutput: Template?
    /// Private files: the variable that holds the path, and the content.
    package var files: OrderedDictionary<String, Template> = [:]
    package var timeout: Duration?
    package var retry: Retry?
    package var returns: Returns?
    package var continueOnError = false
    package var isDetached = false
    package var isInteractive = false
    /// What takes the step's work back, where it has an `undo`.
    package var undo: Undo?
    /// What a resumed run does with it where it was running when the run died; nil runs it again.
    package var resume: ResumeMode?
    package var range: SourceRange

    package init(action: ActionCall, range: SourceRange) {
        self.action = action
        self.range = range
    }
}

/// What a resumed run does with a step that was running when the run died.
package enum ResumeMode: String, Sendable, CaseIterable {
    /// Asks whether to run it again.
    case ask
    /// Takes it as done, its outputs null.
    case skip
    /// Refuses to resume.
    case fail
}

/// A step that takes another one's work back: armed when that one starts.
package final class Undo: Sendable {
    /// The dependent task whose success disarms it; nil is the step's own task.
    package let through: String?
    package let throughRange: SourceRange?
    package let step: Step

    package init(through: String?, throughRange: SourceRange?, step: Step) {
        self.through = through
        self.throughRange = throughRange
        self.step = step
    }
}

/// The action key of a step with its arguments, not yet evaluated.
package struct ActionCall: Sendable {
    /// `run`, or `plugin.action`.
    package var name: String
    package var nameRange: SourceRange
    /// The value behind the key: the parameters' map, or the shorthand value.
    package var arguments: Template

    package init(name: String, nameRange: SourceRange, arguments: Template) {
        self.name = name
        self.nameRange = nameRange
        self.arguments = arguments
    }
}

package enum Returns: Sendable, Hashable {
    /// The name of the output that is the trimmed standard output.
    case standardOutput(String)
    /// Declared outputs that the step writes to `OPS_OUTPUT`.
    case declared(OrderedDictionary<String, ValueType>)

    package var names: [String] {
        switch self {
        case .standardOutput(let name): [name]
        case .declared(let types): Array(types.keys)
        }
    }
}
