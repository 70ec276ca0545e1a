package import OpsCore
import OpsRecipe
package import OpsSSH
import OpsSystem

/// Finds the file that says whose signatures count.
package enum SignerSearch {
    /// Where there is one, it alone counts: it is the administrator's word.
    package static let machineFile = "/etc/ops/allowed_signers"
    /// In the project's folder, found as its policy is.
    package static let projectFile = ".ops/allowed_signers"

    /// The first that is there: the machine's, the named one, the project's. Nil where there is none.
    ///
    /// - Parameters:
    ///   - named: absolute, a path of the caller's.
    ///   - folder: the recipe's, or where there is none the one that ops works in; absolute.
    ///   - environment: `TZ` is the zone of dates without one.
    /// Throws: an `OpsError` with file and line where it cannot be read, or the named one is not there.
    package static func find(
        named: String?, for folder: String, environment: [String: String]
    ) throws(OpsError) -> AllowedSigners? {
        func read(_ path: String) throws(OpsError) -> AllowedSigners {
            try AllowedSigners.read(path, zone: ZoneDatabase.local(environment: environment))
        }
        if FileStatus.find(machineFile) != nil { return try read(machineFile) }
        if let named { return try read(named) }
        return try ProjectFile.folder(holding: projectFile, for: folder).map { (project) throws(OpsError) in
            try read(project == "/" ? "/" + projectFile : project + "/" + projectFile)
        }
    }
}
