/// What can be published in a registry.
package struct ArtifactKind: Sendable, Hashable {
    /// As messages name it: `recipe`.
    package let noun: String
    /// The kind of its manifest.
    package let artifactType: String
    /// The media type of its one layer: a tar archive, compressed with gzip.
    package let contentType: String
    /// What its signatures are made for (OpenSSH, PROTOCOL.sshsig, "namespace").
    package let namespace: String

    package static let recipe = ArtifactKind(
        noun: "recipe", artifactType: "application/vnd.ops.recipe.v1+json",
        contentType: "application/vnd.ops.recipe.content.v1.tar+gzip", namespace: "ops-recipe")

    package static let plugin = ArtifactKind(
        noun: "plugin", artifactType: "application/vnd.ops.plugin.v1+json",
        contentType: "application/vnd.ops.plugin.content.v1.tar+gzip", namespace: "ops-plugin")
}
