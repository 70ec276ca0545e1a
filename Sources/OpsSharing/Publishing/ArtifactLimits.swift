/// What a published folder may hold at most.
package struct ArtifactLimits: Sendable {
    /// In bytes, of all files.
    package var size = 256 << 20
    /// Files, links and folders.
    package var entries = 20_000
    /// Folders in each other.
    package var depth = 64

    package init() {}
}
