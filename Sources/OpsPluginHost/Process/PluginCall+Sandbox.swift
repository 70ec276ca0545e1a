import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// What the program of a call is held to (ops-plugin(7), "Permissions").
extension PluginCall {
    private var permissions: PluginPermissions { plugin.manifest.permissions }

    /// The layers: those of the step, and that of the manifest where it declares permissions. Its own folder and its
    /// interpreter are within all of them.
    var layers: [Sandbox] {
        let layers = sandboxes + (permissions.range == nil ? [] : [ownLayer])
        guard !layers.isEmpty else { return [] }
        let interpreter =
            (try? plugin.program()).map { ScriptInterpreter.paths(of: $0, environment: environment) } ?? []
        return layers.map { layer in
            var layer = layer
            layer.shipped += [plugin.folder] + interpreter
            return layer
        }
    }

    private var ownLayer: Sandbox {
        var layer = Sandbox()
        let inputs = inputPaths
        let writable = permissions.write.map(absolute) + inputs.filter { $0.use == .write }.map { Self.place($0.path) }
        layer.read = permissions.read.map(absolute) + inputs.filter { $0.use == .read }.map(\.path)
        layer.write = writable
        if request.verb == .plan, !isObserved {
            // A plan changes nothing.
            layer.read = (layer.read ?? []) + writable
            layer.write = []
        }
        if isObserved { layer.write = writable + [plugin.folder] }
        layer.execute = permissions.exec.compactMap { item in
            if item.contains("/") { return absolute(item) }
            return ExecutablePath.find(
                item, path: environment["PATH"] ?? ExecutablePath.defaultSearchPath, in: "/")
        }
        layer.own = request.temporary.map { [$0] } ?? []
        layer.limitNetwork(to: permissions.net.compactMap { NetworkGrant($0) })
        return layer
    }

    /// The paths that inputs name, absolute.
    private var inputPaths: [(use: PathUse, path: String)] {
        guard let action = plugin.manifest.actions.first(where: { $0.name == request.action }) else { return [] }
        return action.declaration.parameters.flatMap { parameter in
            parameter.type.paths(in: request.inputs[parameter.name] ?? .null).map { ($0.use, absolute($0.path)) }
        }
    }

    /// What must be writable so that a path can be: a folder itself, else the folder it stands in, since a file is
    /// written beside its place and renamed.
    private static func place(_ path: String) -> String {
        FileStatus.find(path)?.kind == .folder ? path : parentFolder(of: path)
    }

    private func absolute(_ path: String) -> String {
        PermissionPath.inHome(PermissionPath.absolute(path, in: request.directory), of: environment)
    }

    // MARK: For people

    /// The hint of a failure with the permissions that held the program, where it may have been stopped by them.
    ///
    /// - Parameter isDenied: True where something it said tells that the kernel stopped it.
    func hint(_ hint: String?, isDenied: Bool) -> String? {
        var texts: [String] = []
        if let range = permissions.range {
            texts.append("the permissions of \(range.file):\(range.start.line): \(permissions.summary)")
        }
        if let sandboxText { texts.append(sandboxText) }
        guard !texts.isEmpty, isDenied || hint == nil else { return hint }
        let text =
            isDenied
            ? "it was likely stopped by " + texts.joined(separator: ", or by ")
            : "it runs with " + texts.joined(separator: ", and with ")
        return hint.map { "\($0); \(text)" } ?? text
    }
}
