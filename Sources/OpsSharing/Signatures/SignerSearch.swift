package import OpsCore
package import OpsSSH
import OpsSystem

/// Finds the file that says whose signatures count.
package enum SignerSearch {
    /// Where there is one, it alone counts: it is the administrator's word.
    package static let machineFile = "/etc/ops/allowed_signers"
    /// In the project's folder.
    package static let projectFile = ".ops/allowed_signers"

    /// The first that is there: the machine's, the named one, the project's. Nil where there is none.
    ///
    /// - Parameters:
    ///   - named: a path of the caller's, relative to `directory`.
    ///   - directory: absolute.
    ///   - environment: `TZ` is the zone of dates without one.
    /// Throws: an `OpsError` with file and line where it cannot be read, or the named one is not there.
    package static func find(
        named: String?, directory: String, environment: [String: String]
    ) throws(OpsError) -> AllowedSigners? {
        func read(_ path: String) throws(OpsError) -> AllowedSigners {
            try AllowedSigners.read(path, zone: ZoneDatabase.local(environment: environment))
        }
        if FileStatus.find(machineFile) != nil { return try read(machineFile) }
        if let named { return try read(named.hasPrefix("/") ? named : directory + "/" + named) }
        let own = directory + "/" + projectFile
        return FileStatus.find(own) == nil ? nil : try read(own)
    }
}
