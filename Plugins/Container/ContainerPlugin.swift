package import OpsPlugin

/// Packages container images and pushes them, without a daemon.
package enum ContainerPlugin {
    package static let plugin = Plugin(
        name: "container", summary: "Build container images and push them to registries, without a daemon",
        actions: [BuildAction(), PushAction()])
}
