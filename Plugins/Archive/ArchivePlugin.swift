package import OpsPlugin

/// Archives: tar and zip that are the same bytes for the same files on any machine.
package enum ArchivePlugin {
    /// The plugin `archive`.
    package static let plugin = Plugin(
        name: "archive", summary: "Make, unpack and list archives, and write checksums",
        actions: [ArchiveCreate(), ArchiveExtract(), ArchiveList(), ArchiveChecksums()])
}
