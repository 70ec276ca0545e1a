/// Whether what others publish must be signed.
package enum SignatureMode: String, Sendable, CaseIterable, Comparable {
    /// Nobody looks.
    case off
    /// A missing or unknown signature is told.
    case warn
    /// A missing or unknown signature is an error.
    case require

    package static func < (left: SignatureMode, right: SignatureMode) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
