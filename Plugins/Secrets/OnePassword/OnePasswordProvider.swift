import OpsCore
import OpsPlugin

/// `op://vault/item/[section/]field`: a field of an item in 1Password.
struct OnePasswordProvider: SecretProvider {
    let scheme = "op"
    let summary = "A field of an item in 1Password, by a Connect server or by the program op"
    let example = "op://ci/registry/password"
    let manual = """
        `op://vault/item/field` and `op://vault/item/section/field` are 1Password's own references. Names are \
        compared without regard to case and hold letters, digits, `-`, `_`, `.` and spaces; anything else is named \
        by its identifier. A name that several vaults, items or fields have is an error that says how many. Without \
        a section a field that is in none comes first.

        `?attribute=otp` is the current code of a field that makes one-time passwords; it is fetched when it is \
        needed. `?ssh-format=openssh` is a private key in the form of OpenSSH. `?decode=base64` decodes the value. \
        Nothing is trimmed. A field that holds nothing is `empty`.

        With `OP_CONNECT_HOST` and `OP_CONNECT_TOKEN` the Connect server is asked; they come before \
        `OP_SERVICE_ACCOUNT_TOKEN`. The list of vaults, a vault's list of items and an item are each asked for once \
        a run. Otherwise the program `op` is run (`op read`), which logs in by `OP_SERVICE_ACCOUNT_TOKEN`, a session \
        of `op signin` or the desktop application; `secret-hosts` does not bind what it connects to.

        `ops secrets check` asks whether the item has the field. Connect gives values with the item, so they are \
        transferred, and dropped; `op item get` leaves concealed values out.
        """

    private let retryDelay: Duration

    init(retryDelay: Duration = .milliseconds(500)) { self.retryDelay = retryDelay }

    func check(_ reference: SecretReference) throws(OpsError) {
        _ = try OnePasswordAddress(reference)
        try SecretSelection.checkOptions(reference, known: OnePasswordAddress.options)
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func isDynamic(_ reference: SecretReference) -> Bool { reference.options["attribute"] == "otp" }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        await fetchEach(references) { reference async throws(SecretFailure) in
            let address = try address(reference)
            let bytes =
                if let connect = try ConnectClient(context, retryDelay: retryDelay) {
                    try await connect.item(address).secret(address)
                } else {
                    try await OnePasswordProgram(context: context).read(address)
                }
            return try SecretSelection(reference).apply(
                to: bytes, place: "field '\(address.field)' of \(address.place)")
        }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        do throws(SecretFailure) {
            let address = try address(reference)
            if let connect = try ConnectClient(context, retryDelay: retryDelay) {
                _ = try await connect.item(address).field(address)
                return .success(SecretProbe("the item has the field (Connect gives values with it; they were dropped)"))
            }
            _ = try await OnePasswordProgram(context: context).item(address).field(address)
            return .success(SecretProbe("the item has the field"))
        } catch {
            return .failure(error)
        }
    }

    private func address(_ reference: SecretReference) throws(SecretFailure) -> OnePasswordAddress {
        do throws(OpsError) {
            return try OnePasswordAddress(reference)
        } catch {
            throw SecretFailure(.invalid, error.message, hint: error.hint)
        }
    }
}
