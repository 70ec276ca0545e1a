package import OpsCore

/// The one time that every entry of an archive gets, so that the same input gives the same bytes.
package enum SourceDateEpoch {
    /// Where the environment says nothing: 1980-01-01T00:00:00Z, the earliest that a zip can hold.
    package static let fallback = 315_532_800

    /// What `SOURCE_DATE_EPOCH` says (reproducible-builds.org/specs/source-date-epoch): seconds since 1970.
    ///
    /// - Parameter fallback: where it is not set or empty.
    /// Throws: an `OpsError` (`invalid`) where it is not a whole number from 0 on.
    package static func value(_ environment: [String: String], fallback: Int = fallback) throws(OpsError) -> Int {
        guard let text = environment["SOURCE_DATE_EPOCH"], !text.isEmpty else { return fallback }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int(text), seconds < 1 << 40 else {
            throw OpsError(
                .invalid, "SOURCE_DATE_EPOCH is '\(text)'", hint: "it is a whole number of seconds since 1970")
        }
        return seconds
    }
}
