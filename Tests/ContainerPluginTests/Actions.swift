import ContainerPlugin
import OpsCore
import OpsPlugin
import OpsRegistry
import OrderedCollections
import TestKit

/// An action of the plugin. Throws where there is none of that name.
func action(_ name: String) throws -> any Action {
    guard let action = ContainerPlugin.plugin.actions.first(where: { $0.declaration.name == name }) else {
        throw OpsError(.notFound, "no action \(name)")
    }
    return action
}

/// Runs an action with arguments written as JSON.
func perform(
    _ name: String, _ json: String, in directory: String, environment: [String: String] = [:]
) async throws -> [String: Value] {
    let action = try action(name)
    let contexts = ActionContexts(directory: directory, environment: environment)
    return try await action.run(action.declaration.arguments(try values(json)), contexts.run())
}

/// Plans an action with arguments written as JSON.
func plan(
    _ name: String, _ json: String, in directory: String, environment: [String: String] = [:],
    isOnline: Bool = false, isSettled: @escaping @Sendable (String) -> Bool = { _ in true }
) async throws -> ActionPlan {
    let action = try action(name)
    let contexts = ActionContexts(directory: directory, environment: environment)
    return try await action.plan(
        action.declaration.arguments(try values(json)), contexts.plan(isOnline: isOnline, isSettled: isSettled))
}

private func values(_ json: String) throws -> ValueMap {
    guard let map = try JSONReader.value(json).mapValue else { throw OpsError(.invalid, "not an object") }
    return map
}

/// The configuration of the one image of a layout.
func config(_ layout: String) async throws -> ImageConfig {
    let image = LayoutImage(ImageLayout(path: layout), .only)
    return try await image.config(of: try Manifest(try await image.root()))
}

/// A folder with a program, a file and a folder to put into images.
func sampleFolder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("dist/app", "#!/bin/sh\necho hello\n", mode: 0o755)
    try folder.write("site/index.html", "<h1>Hi</h1>")
    try folder.write("site/deep/ünïcode.txt", "text")
    return folder
}
