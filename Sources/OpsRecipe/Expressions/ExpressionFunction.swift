package import OpsCore

/// One function of the expression language. This table drives the parser's check of names and counts, the
/// type check, the evaluation and the manual.
package struct ExpressionFunction: Sendable {
    /// One argument a function takes.
    package struct Parameter: Sendable {
        /// As the signature shows it.
        package var name: String
        /// Any one of these.
        package var types: [ValueType]
        /// Optional ones come last.
        package var isOptional: Bool

        init(_ name: String, _ types: ValueType..., optional: Bool = false) {
            self.name = name
            self.types = types
            self.isOptional = optional
        }
    }

    /// As an expression calls it.
    package var name: String
    /// In order.
    package var parameters: [Parameter]
    /// True where the last parameter may be given any number of times, or not at all.
    package var isVariadic: Bool
    /// The type of its result; `if` and `default` take it from their arguments.
    package var result: ValueType
    /// One sentence without a full stop.
    package var summary: String
    /// An expression that calls it.
    package var example: String
    /// What the example gives, as JSON; nil for the status functions.
    package var exampleResult: String?
    /// The result from values that are neither unknown nor secret. Nil for what the evaluator does itself.
    let body: (@Sendable ([Value]) throws(ExpressionFailure) -> Value)?

    init(
        _ name: String, _ parameters: [Parameter], variadic: Bool = false, _ result: ValueType,
        _ summary: String, example: String, gives exampleResult: String? = nil,
        _ body: (@Sendable ([Value]) throws(ExpressionFailure) -> Value)? = nil
    ) {
        self.name = name
        self.parameters = parameters
        self.isVariadic = variadic
        self.result = result
        self.summary = summary
        self.example = example
        self.exampleResult = exampleResult
        self.body = body
    }

    /// `success`, `failure` and `always`, which stand in a task's `if` only.
    package var isStatus: Bool { parameters.isEmpty }

    /// `join(items, [separator])`.
    package var signature: String {
        let names = parameters.enumerated().map { index, parameter in
            if isVariadic, index == parameters.count - 1 { return "\(parameter.name)…" }
            return parameter.isOptional ? "[\(parameter.name)]" : parameter.name
        }
        return "\(name)(\(names.joined(separator: ", ")))"
    }

    /// The parameter that the argument at an index fills.
    func parameter(at index: Int) -> Parameter? {
        index < parameters.count ? parameters[index] : isVariadic ? parameters.last : nil
    }

    /// What is wrong with a number of arguments, or nil.
    func countProblem(_ count: Int) -> String? {
        let required = parameters.filter { !$0.isOptional }.count - (isVariadic ? 1 : 0)
        if count >= required, isVariadic || count <= parameters.count { return nil }
        let wanted =
            isVariadic
            ? "at least \(required)"
            : required == parameters.count ? "\(required)" : "\(required) to \(parameters.count)"
        return "'\(name)' takes \(wanted) argument\(wanted == "1" || wanted == "at least 1" ? "" : "s"), not \(count)"
    }

    /// The function of that name.
    package static func named(_ name: String) -> ExpressionFunction? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

/// Why an operation on values failed; the evaluator adds the place.
struct ExpressionFailure: Error {
    var message: String
    var hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}
