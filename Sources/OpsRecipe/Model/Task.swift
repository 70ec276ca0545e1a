package import OpsCore
package import OrderedCollections

package struct Task: Sendable {
    /// Its values stand behind one reference: a task is copied far more often than it is changed.
    private final class Fields {
        var name: String
        var nameRange: SourceRange
        var description: String?
        var inputs: OrderedDictionary<String, InputDeclaration> = [:]
        var needs: [Need] = []
        var matrix: Matrix?
        var maxParallel: Int?
        var condition: Condition?
        var env: OrderedDictionary<String, Template> = [:]
        var dir: Template?
        var shell: Shell?
        var files: OrderedDictionary<String, Template> = [:]
        var timeout: Duration?
        var retry: Retry?
        var continueOnError: Bool = false
        var sources: [Template]?
        var produces: [Template]?
        var exclusive: Template?
        var confirm: Template?
        var permissions: Permissions?
        var outputs: OrderedDictionary<String, Template> = [:]
        var steps: [Step] = []
        var hasOwnAction: Bool = false
        var onFailure: [Step] = []
        var finally: [Step] = []

        init(name: String, nameRange: SourceRange) {
            self.name = name
            self.nameRange = nameRange
        }

        init(_ other: Fields) {
            name = other.name
            nameRange = other.nameRange
            description = other.description
            inputs = other.inputs
            needs = other.needs
            matrix = other.matrix
            maxParallel = other.maxParallel
            condition = other.condition
            env = other.env
            dir = other.dir
            shell = other.shell
            files = other.files
            timeout = other.timeout
            retry = other.retry
            continueOnError = other.continueOnError
            sources = other.sources
            produces = other.produces
            exclusive = other.exclusive
            confirm = other.confirm
            permissions = other.permissions
            outputs = other.outputs
            steps = other.steps
            hasOwnAction = other.hasOwnAction
            onFailure = other.onFailure
            finally = other.finally
        }
    }

    // Changed only while no other task has it.
    nonisolated(unsafe) private var fields: Fields

    private var mine: Fields {
        mutating get {
            if !isKnownUniquelyReferenced(&fields) { fields = Fields(fields) }
            return fields
        }
    }

    package var name: String {
        get { fields.name }
        set { mine.name = newValue }
    }
    package var nameRange: SourceRange {
        get { fields.nameRange }
        set { mine.nameRange = newValue }
    }
    package var description: String? {
        get { fields.description }
        set { mine.description = newValue }
    }
    package var inputs: OrderedDictionary<String, InputDeclaration> {
        get { fields.inputs }
        set { mine.inputs = newValue }
    }
    package var needs: [Need] {
        get { fields.needs }
        set { mine.needs = newValue }
    }
    package var matrix: Matrix? {
        get { fields.matrix }
        set { mine.matrix = newValue }
    }
    package var maxParallel: Int? {
        get { fields.maxParallel }
        set { mine.maxParallel = newValue }
    }
    package var condition: Condition? {
        get { fields.condition }
        set { mine.condition = newValue }
    }
    package var env: OrderedDictionary<String, Template> {
        get { fields.env }
        set { mine.env = newValue }
    }
    package var dir: Template? {
        get { fields.dir }
        set { mine.dir = newValue }
    }
    package var shell: Shell? {
        get { fields.shell }
        set { mine.shell = newValue }
    }
    /// Of a task with `steps`: private files that its steps inherit.
    package var files: OrderedDictionary<String, Template> {
        get { fields.files }
        set { mine.files = newValue }
    }
    /// Of a task with `steps`: the limit of all of them together. A one-action task's is its step's.
    package var timeout: Duration? {
        get { fields.timeout }
        set { mine.timeout = newValue }
    }
    /// Of a task with `steps`. A one-action task's is its step's.
    package var retry: Retry? {
        get { fields.retry }
        set { mine.retry = newValue }
    }
    package var continueOnError: Bool {
        get { fields.continueOnError }
        set { mine.continueOnError = newValue }
    }
    package var sources: [Template]? {
        get { fields.sources }
        set { mine.sources = newValue }
    }
    package var produces: [Template]? {
        get { fields.produces }
        set { mine.produces = newValue }
    }
    package var exclusive: Template? {
        get { fields.exclusive }
        set { mine.exclusive = newValue }
    }
    package var confirm: Template? {
        get { fields.confirm }
        set { mine.confirm = newValue }
    }
    /// All that its steps may touch, within the recipe's own.
    package var permissions: Permissions? {
        get { fields.permissions }
        set { mine.permissions = newValue }
    }
    /// Of a task with `steps`: its outputs by name.
    package var outputs: OrderedDictionary<String, Template> {
        get { fields.outputs }
        set { mine.outputs = newValue }
    }
    /// Empty for a task that only gathers its needs; one for a task with an action key.
    package var steps: [Step] {
        get { fields.steps }
        set { mine.steps = newValue }
    }
    /// True where the task has an action key of its own in place of `steps`: its outputs are the action's. Its
    /// `if env dir continue-on-error` are the task's, its other step keys are on the one step.
    package var hasOwnAction: Bool {
        get { fields.hasOwnAction }
        set { mine.hasOwnAction = newValue }
    }
    package var onFailure: [Step] {
        get { fields.onFailure }
        set { mine.onFailure = newValue }
    }
    package var finally: [Step] {
        get { fields.finally }
        set { mine.finally = newValue }
    }

    package init(name: String, nameRange: SourceRange) { fields = Fields(name: name, nameRange: nameRange) }

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
