package import OpsCore

/// Writes all bytes to a descriptor, however many calls that takes.
///
/// Throws: an `OpsError` that names `path`.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(OpsError) {
    // A closure with a typed throw crashes the compiler here (Swift 6.3.1).
    let failure = bytes.withUnsafeBytes { buffer -> OpsError? in
        do throws(OpsError) {
            try writeAll(buffer, to: descriptor, path: path)
            return nil
        } catch {
            return error
        }
    }
    if let failure { throw failure }
}
