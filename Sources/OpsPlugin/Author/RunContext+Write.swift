public import OpsCore
import OpsSystem

extension RunContext {
    /// Writes a file that appears whole or not at all, and makes the folders above it.
    ///
    /// - Parameter path: relative to the step's folder, or absolute.
    /// Throws: an `OpsError` with the path.
    public func write(_ bytes: [UInt8], to path: String) throws(OpsError) {
        try writeAtomically(bytes, to: absolute(path))
    }
}
