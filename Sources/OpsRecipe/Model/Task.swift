package import OpsCore
package import OrderedCollections

package struct Task: Sendable {
    package var name: String
    package var nameRange: SourceRange
    package var description: String?
    package var inputs: OrderedDictionary<String, InputDeclaration> = [:]
    package var needs: [Need] = []
    package var matrix: Matrix?
    package var maxParallel: Int?
    package var condition: Condition?
    package var env: OrderedDictionary<String, Template> = [:]
    package var dir: Template?
    package var shell: Shell?
    /// Of a task with `steps`: private files that its steps inherit.
    package var files: OrderedDictionary<String, Template> = [:]
    /// Of a task with `steps`: the limit of all of them together. A one-action task's is its step's.
    package var timeout: Duration?
    /// Of a task with `steps`. A one-action task's is its step's.
    package var retry: Retry?
    package var continueOnError = false
    package var sources: [Template]?
    package var produces: [Template]?
    package var exclusive: Template?
    package var confirm: Template?
    /// All that its steps may touch, within the recipe's own.
    package var permissions: Permissions?
    /// Of a task with `steps`: its outputs by name.
    package var outputs: OrderedDictionary<String, Template> = [:]
    /// Empty for a task that only gathers its needs; one for a task with an action key.
    package var steps: [Step] = []
    /// True where the task has an action key of its own in place of `steps`: its outputs are the action's. Its
    /// `if env dir continue-on-error` are the task's, its other step keys are on the one step.
    package var hasOwnAction = false
    package var onFailure: [Step] = []
    package var finally: [Step] = []

    package init(name: String, nameRange: SourceRange) {
        self.name = name
        self.nameRange = nameRange
    }

    /// A task whose name starts with `_` is not listed.
    package var isListed: Bool { !name.hasPrefix("_") }
}

package struct Need: Sendable {
    package var task: String
    /// Values for the needed task's own inputs.
    package var with: OrderedDictionary<String, Template>
    /// The name in `needs.NAME`; the task's by default.
    package var alias: String
    package var range: SourceRange

    package init(
        task: String, with: OrderedDictionary<String, Template> = [:], alias: String, range: SourceRange
    ) {
        self.task = task
        self.with = with
        self.alias = alias
        self.range = range
    }
}

package struct Matrix: Sendable {
    package enum Form: Sendable {
        /// Axes, each with its values; the instances are their product, the last axis fastest.
        case axes(OrderedDictionary<String, Template>)
        /// The instances themselves: a list of maps, or an expression that gives one.
        case rows(Template)
    }

    package var form: Form
    package var range: SourceRange

    package init(form: Form, range: SourceRange) {
        self.form = form
        self.range = range
    }
}

extension Matrix {
    /// The values of the axes, or the rows.
    package var templates: [Template] {
        switch form {
        case .axes(let axes): Array(axes.values)
        case .rows(let rows): [rows]
        }
    }
}

package struct Retry: Sendable, Hashable {
    package var attempts = 1
    package var delay: Duration = .zero
    package var backoff: Double = 1
    package var maxDelay: Duration?
    package var jitter: Double = 0
    /// Retried only after these exit statuses; empty is all.
    package var exitCodes: [Int] = []
    package var range: SourceRange

    package init(range: SourceRange) { self.range = range }
}

/// An `if`: an expression that gives a boolean.
package struct Condition: Sendable {
    package var expression: Expression

    package init(expression: Expression) { self.expression = expression }

    /// The text as it was written, for plans and reasons.
    package var text: String { expression.text }
}
