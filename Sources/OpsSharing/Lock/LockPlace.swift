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

    /// Why it may not include a file; nil where it may.
    func refusal(of path: String) -> String? {
        guard let tree, let root = realPath(tree) else { return nil }
        let plain = plainPath(path)
        guard plain.isWithin(root) || plain.isWithin(tree), realPath(path)?.isWithin(root) ?? true else {
            return "is outside of what came with '\(file)'"
        }
        return FileStatus.find(path) == nil ? "is not in what came with '\(file)'" : nil
    }
}
