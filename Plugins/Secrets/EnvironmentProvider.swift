import OpsCore
import OpsPlugin

/// `env://NAME`: a variable of the environment that `ops` was started with.
struct EnvironmentProvider: SecretProvider {
    let scheme = "env"
    let summary =
        "A variable of the environment that ops was started with; steps do not get it unless env gives it"
    let example = "env://SLACK_WEBHOOK"
    let manual = """
        `env://NAME` is a variable of the environment that ops was started with. Variables of a recipe's `env` and \
        `dotenv` are not looked at. A variable that a reference names is withheld from every step whose `env` does \
        not give it.

        Nothing is trimmed: the value is what stands in the environment, byte for byte. A variable that is set to \
        nothing is `empty`, which is an error and does not fall through to the next reference; one that is not set \
        is `missing`.

        `#field` selects a member of a value that is a JSON or YAML document, as for `file://`; `?decode=base64` \
        decodes what was selected.
        """

    init() {}

    func check(_ reference: SecretReference) throws(OpsError) {
        let name = reference.path.utf8
        let isName =
            !(name.first.map { (0x30...0x39).contains($0) } ?? true)
            && name.allSatisfy { (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x5F }
        guard isName else {
            throw OpsError(
                .invalid, "'\(reference.path)' is not the name of an environment variable", hint: "write env://NAME")
        }
        try SecretSelection.checkOptions(reference)
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence {
        guard context.environment[reference.path] != nil else { return .missing }
        return reference.field == nil ? .present : .unknown
    }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<
        [UInt8], SecretFailure
    >] {
        references.map { reference in Result { () throws(SecretFailure) in try value(of: reference, context) } }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        Result { () throws(SecretFailure) in try value(of: reference, context) }.map { _ in SecretProbe("set") }
    }

    private func value(of reference: SecretReference, _ context: SecretContext) throws(SecretFailure) -> [UInt8] {
        guard let text = context.environment[reference.path] else {
            throw SecretFailure(.missing, "environment variable '\(reference.path)' is not set")
        }
        return try SecretSelection(reference).apply(
            to: Array(text.utf8), place: "environment variable '\(reference.path)'")
    }
}
