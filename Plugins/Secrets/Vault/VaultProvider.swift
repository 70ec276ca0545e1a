import OpsCore
import OpsPlugin

/// `vault://MOUNT/PATH#field`: a field of a secret in Vault or OpenBao (see `manual`).
struct VaultProvider: SecretProvider {
    let scheme = "vault"
    let summary = "A field of a secret in Vault or OpenBao: key-value engines, leased credentials, any other path"
    let example = "vault://secret/ci/registry#password"

    private let pace: VaultPace

    init(pace: VaultPace = VaultPace()) { self.pace = pace }

    func check(_ reference: SecretReference) throws(OpsError) { try VaultSecret.check(reference) }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func isDynamic(_ reference: SecretReference) -> Bool { VaultSecret(reference).isDynamic }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<
        [UInt8], SecretFailure
    >] {
        let run: VaultRun
        do throws(SecretFailure) {
            run = try await VaultRun(context, pace)
        } catch {
            return references.map { _ in .failure(error) }
        }
        let values = await values(of: references, run)
        return references.map { reference in
            Result { () throws(SecretFailure) in
                let secret = VaultSecret(reference)
                guard let result = values[secret] else {
                    throw SecretFailure(.unreachable, "the request was cancelled")
                }
                let place = "'\(secret.path)' in Vault"
                let value = try result.get()
                guard case .string(let text) = value, reference.field == nil else {
                    return try SecretSelection(reference).apply(to: value, place: place)
                }
                return try SecretSelection(reference).apply(to: Array(text.utf8), place: place)
            }
        }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        do throws(SecretFailure) {
            return .success(try await VaultRun(context, pace).probe(VaultSecret(reference)))
        } catch {
            return .failure(error)
        }
    }

    func revoke(_ debts: [SecretDebt], _ context: SecretContext) async -> [Result<Void, SecretFailure>] {
        var results: [Result<Void, SecretFailure>] = []
        for debt in debts {
            do throws(SecretFailure) {
                results.append(.success(try await VaultRun(context, pace).revoke(debt)))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    /// Each secret read once; few at a time, so that a rate limit is not the first thing met.
    private func values(
        of references: [SecretReference], _ run: VaultRun
    ) async -> [VaultSecret: Result<Value, SecretFailure>] {
        var results: [VaultSecret: Result<Value, SecretFailure>] = [:]
        let secrets = Set(references.map(VaultSecret.init)).sorted { $0.key < $1.key }
        await withTaskGroup(of: (VaultSecret, Result<Value, SecretFailure>).self) { group in
            for (index, secret) in secrets.enumerated() {
                if index >= 8, let (secret, result) = await group.next() { results[secret] = result }
                group.addTask {
                    do throws(SecretFailure) {
                        return (secret, .success(try await run.value(of: secret)))
                    } catch {
                        return (secret, .failure(error))
                    }
                }
            }
            for await (secret, result) in group { results[secret] = result }
        }
        return results
    }
}
