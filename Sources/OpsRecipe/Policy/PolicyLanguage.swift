import OpsCore

/// The keys of a policy file, version 1 (ops-recipe(5), "Policy").
package enum PolicyLanguage {
    package static let version = 1

    static let conditions = ["task", "action", "exclusive"]
    static let requirements = PolicyRequirement.allCases.map(\.rawValue)

    package static let policy = LanguageObject(
        "policy", "A policy file",
        [
            LanguageKey("policy", .constant(.integer(1)), "The version of the form", required: true),
            LanguageKey(
                "hosts", .oneOrMore(.text),
                "The only servers that recipes and plugins come from: 'host', 'host:port', '*.domain'"),
            LanguageKey("registries", .oneOrMore(.text), "The only registries, or places in them: 'host/repository'"),
            LanguageKey("signers", .oneOrMore(.text), "Those whose signatures count; '*' stands for any text"),
            LanguageKey(
                "signatures", .choice(SignatureMode.allCases.map(\.rawValue)),
                "What a missing signature is: nothing, a warning (the default), or an error"),
            LanguageKey(
                "trust", .oneOrMore(.text),
                "What 'ops lock' takes without asking: digests, and signers; '*' stands for any text"),
            LanguageKey("permissions", .object("permissions"), "The most that a recipe may touch"),
            LanguageKey("rules", .list(.object("rule")), "What tasks of a kind must have"),
        ])

    package static let rule = LanguageObject(
        "rule", "What tasks of a kind must have",
        [
            LanguageKey("name", .text, "What people read"),
            LanguageKey("when", .object("when"), "The tasks that it is for; all where it says nothing"),
            LanguageKey("require", .oneOrMore(.choice(requirements)), "What each of them must have", required: true),
        ])

    package static let when = LanguageObject(
        "when", "Tasks, by what they have; all that is named must match, and '*' stands for any text",
        [
            LanguageKey("task", .text, "The name"),
            LanguageKey("action", .text, "An action of one of its steps"),
            LanguageKey("exclusive", .text, "Its exclusive name"),
        ])
}

/// What a rule may require of a task.
package enum PolicyRequirement: String, Sendable, CaseIterable {
    case timeout, undo, exclusive, confirm, permissions, finally, description, produces
    case onFailure = "on-failure"
}

/// A rule of a policy.
package struct PolicyRule: Sendable {
    var name: String?
    var task: NamePattern?
    var action: NamePattern?
    var exclusive: NamePattern?
    var require: [PolicyRequirement]
    /// The rule's place.
    var range: SourceRange

    /// The tasks it is for, as a message names them: `a task with 'exclusive: deploy-*'`.
    var subject: String {
        let parts = [("task", task), ("action", action), ("exclusive", exclusive)].compactMap { key, pattern in
            pattern.map { "'\(key): \($0.text)'" }
        }
        return parts.isEmpty ? "every task" : "a task with " + parts.joined(separator: " and ")
    }
}
