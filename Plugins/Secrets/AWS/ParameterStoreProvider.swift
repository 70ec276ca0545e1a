import OpsCore
import OpsPlugin

/// `aws-ssm:///PATH/NAME` or `aws-ssm://NAME`: a parameter of AWS Systems Manager, decrypted.
struct ParameterStoreProvider: AWSStoreProvider {
    typealias Store = ParameterStore
    typealias Key = ParameterStore.Key

    let scheme = "aws-ssm"
    let summary = "A parameter of AWS Systems Manager Parameter Store, or a field of the JSON it holds"
    let example = "aws-ssm:///prod/database/password"

    let retryDelay: Duration

    init(retryDelay: Duration = .milliseconds(500)) { self.retryDelay = retryDelay }

    let manual = """
        `aws-ssm:///PATH/NAME` (three slashes: the name starts with one) or `aws-ssm://NAME` is the value of the \
        parameter, decrypted; nothing is trimmed. A parameter that is shared from another account is named by its ARN. \
        `#field` selects a member of JSON.

        Options: `version=N` or `label=NAME` (or `:N` and `:NAME` behind the name, as the AWS command has it), \
        `region=`, `profile=`, `decode=base64`.

        Parameters are fetched up to 10 a request (GetParameters), or one by one where a part is denied. \
        `ops secrets check` uses DescribeParameters, which shows no value; an Expiration policy is told.

        """ + awsManual

    func check(_ reference: SecretReference) throws(OpsError) {
        try SecretSelection.checkOptions(reference, known: ["version", "label", "region", "profile"])
        _ = try AWSResourceName.account(of: reference, service: AWSSettings.Service.parameters.name)
        let key = ParameterStore.Key(reference)
        let name = key.name.hasPrefix("arn:") ? "" : key.name
        let isName = name.utf8.allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "/_.-".utf8.contains($0)
        }
        guard isName, name.utf8.count <= 2048 else {
            throw OpsError(.invalid, "'\(key.name)' is not the name of a parameter")
        }
        guard name.hasPrefix("/") || !name.contains("/") else {
            throw OpsError(
                .invalid, "the name of a parameter with '/' in it starts with one: '\(reference)'",
                hint: "write aws-ssm:///\(reference.path)")
        }
        let given = [reference.options["version"], reference.options["label"], ParameterStore.selector(reference.path)]
        guard given.count(where: { $0 != nil }) <= 1 else {
            throw OpsError(.invalid, "'\(reference)' names a version or label twice", hint: "write one of them")
        }
        if let version = reference.options["version"] {
            guard let number = Int(version), number > 0, String(number) == version else {
                throw OpsError(.invalid, "'\(version)' in '\(reference)' is not a version", hint: "they count from 1")
            }
        }
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }
}
