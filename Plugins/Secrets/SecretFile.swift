import OpsCore
import OpsPlugin
import OpsSystem

/// Files that hold secrets.
enum SecretFile {
    /// A secret is short; more is a mistaken path. systemd's credentials have the same limit.
    private static let sizeLimit = 1 << 20

    /// The content.
    ///
    /// - Parameters:
    ///   - place: names the file in messages.
    ///   - isTrimmed: without the one line break at its end.
    /// Throws: a `SecretFailure`: `missing`, `forbidden`, `invalid` (no regular file, or more than 1 MiB),
    /// `unreachable`.
    static func read(_ path: String, place: String, isTrimmed: Bool = true) throws(SecretFailure) -> [UInt8] {
        do throws(OpsError) {
            // Opening a pipe could wait for ever.
            guard try FileStatus(path).kind == .file else {
                throw OpsError(.invalid, "\(place) is not a regular file")
            }
            let bytes = try readFile(path, limit: sizeLimit)
            return isTrimmed ? SecretSelection.withoutLineBreak(bytes) : bytes
        } catch {
            switch error.code {
            case .notFound: throw SecretFailure(.missing, "\(place) does not exist")
            case .forbidden: throw SecretFailure(.forbidden, "\(place) may not be read by this user")
            case .invalid: throw SecretFailure(.invalid, error.message)
            default: throw SecretFailure(.unreachable, error.message)
            }
        }
    }

    /// What can be said of a file without reading it.
    static func presence(_ path: String) -> SecretPresence {
        do throws(OpsError) {
            _ = try FileStatus(path)
            return .present
        } catch {
            return error.code == .notFound ? .missing : .unknown
        }
    }
}
