import OpsCore
import OpsSystem

/// A recipe whose references are followed to lock them.
struct LockPlace {
    /// What its references are relative to.
    var folder: String
    /// As messages name it.
    var file: String
    /// The folder it may not leave; nil for a file of this machine.
    var tree: String?
    /// `common:` in front of the names of what it includes.
    var chain: String

    /// How messages name a file that it includes.
    func name(of from: String) -> String {
        if tree != nil { return TreeNames.name(of: plainPath(folder + "/" + from)) }
        if from.hasPrefix("/") { return from }
        let parent = parentFolder(of: file)
        let plain = from.hasPrefix("./") ? String(from.dropFirst(2)) : from
        return parent == "." ? plain : parent + "/" + plain
    }

    /// True for a file that is there and that it may not include.
    func isOutside(_ path: String) -> Bool {
        guard let tree, let root = realPath(tree), let real = realPath(path) else { return false }
        return !real.hasPrefix(root + "/")
    }
}
