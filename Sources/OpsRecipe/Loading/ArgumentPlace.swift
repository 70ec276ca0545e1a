package import OpsCore
import OpsSystem
import OpsYAML
import OrderedCollections

/// Where a part of an action's arguments stands in the recipe.
package enum ArgumentPlace {
    /// The place of the part that the path leads to, or of what is nearest above it.
    ///
    /// A template without expressions keeps no places of its parts: for them the file is read again.
    ///
    /// - Parameters:
    ///   - path: keys, and numbers of items counted from 0.
    ///   - template: the arguments as a whole.
    ///   - recipe: the one that the template is of.
    package static func find(_ path: [String], in template: Template, of recipe: Recipe) -> SourceRange {
        var place = template
        for (index, key) in path.enumerated() {
            switch place.content {
            case .map(let members):
                guard let member = members[key] else { return place.range }
                place = member
            case .list(let items):
                guard let number = Int(key), items.indices.contains(number) else { return place.range }
                place = items[number]
            case .literal(.map), .literal(.list):
                return range(of: path[index...], behind: place.range, recipe) ?? place.range
            case .literal, .expression, .text: return place.range
            }
        }
        return place.range
    }

    private static func range(
        of path: ArraySlice<String>, behind range: SourceRange, _ recipe: Recipe
    ) -> SourceRange? {
        let named = TreeNames.path(of: recipe.file)
        let file = recipe.tree == nil ? recipe.folder + "/" + (named.split(separator: "/").last ?? "") : named
        guard let bytes = try? RecipeLoader.read(file, as: recipe.file),
            let root = try? YAML.parse(bytes, file: recipe.file), var node = find(range, in: root)
        else { return nil }
        for key in path {
            switch node.content {
            case .mapping(let entries):
                guard let entry = entries.first(where: { $0.key == key }) else { return node.range }
                node = entry.value
            case .sequence(let items):
                guard let number = Int(key), items.indices.contains(number) else { return node.range }
                node = items[number]
            case .scalar: return node.range
            }
        }
        return node.range
    }

    private static func find(_ range: SourceRange, in node: Node) -> Node? {
        if node.range == range { return node }
        switch node.content {
        case .scalar: return nil
        case .sequence(let items): return items.lazy.compactMap { find(range, in: $0) }.first
        case .mapping(let entries): return entries.lazy.compactMap { find(range, in: $0.value) }.first
        }
    }
}
