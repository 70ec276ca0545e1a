import ArgumentParser
import OpsCore
import OpsSSH
import OpsSharing

/// The options of every command that checks signatures.
struct SignatureOptions: ParsableArguments {
    @Option(
        help: "The keys whose signatures count, as git and ssh-keygen read them; by default .ops/allowed_signers.",
        completion: .file())
    var allowedSigners: String?
    @Flag(help: "Fail without a signature that counts, which else is a warning.") var requireSignature = false

    func rules(_ context: CommandContext) throws(OpsError) -> SignatureRules {
        SignatureRules(
            mode: requireSignature ? .require : .warn,
            signers: try SignerSearch.find(
                named: allowedSigners, directory: context.directory, environment: context.environment))
    }
}
