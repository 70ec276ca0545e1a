import ArgumentParser
import OpsCore
import OpsRecipe
import OpsSSH
import OpsSharing

/// The options of every command that checks signatures.
struct SignatureOptions: ParsableArguments {
    @Option(
        help:
            """
            The keys whose signatures count, as git and ssh-keygen read them; by default .ops/allowed_signers of the \
            project.
            """,
        completion: .file())
    var allowedSigners: String?
    @Flag(help: "Fail without a signature that counts, which else is a warning.") var requireSignature = false

    /// What the options ask, or the policy where that is stricter.
    ///
    /// Throws: an `OpsError` where the keys cannot be read.
    func rules(_ context: CommandContext, _ policy: Policy) throws(OpsError) -> SignatureRules {
        var rules = try SignatureRules(
            policy, named: allowedSigners.map { context.absolute($0) }, for: context.directory,
            environment: context.environment)
        if requireSignature { rules.mode = .require }
        return rules
    }
}
