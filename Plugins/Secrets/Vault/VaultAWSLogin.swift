import OpsCore
import OpsPlugin
import OrderedCollections

extension VaultRun {
    /// What proves an AWS identity to the server: a request to AWS that is signed and not sent.
    func awsIdentity() async throws(SecretFailure) -> ValueMap {
        throw SecretFailure(.invalid, "the login 'aws' is not there yet")
    }
}
