import OpsRecipe
import TestKit
import Testing

/// The pages in man/, which `scripts/manual` generates, against the declarations.
@Suite struct ManualPageTests {
    private static let root = String(Corpus.folder.dropLast("Tests/OpsRecipeTests/".count))

    private static func file(_ name: String) throws -> String {
        String(decoding: try readAll(root + name), as: UTF8.self)
    }

    @Test func describesEveryKey() throws {
        let sections = try Self.file("man/ops-recipe.5").components(startingWith: ".Ss ")
        for object in RecipeLanguage.objects {
            let section = try #require(sections.first { $0.hasPrefix("Keys of \(object.name)\n") }, "\(object.name)")
            for key in object.keys {
                // What a task shares with a step is told there.
                let isTold = section.contains("Also the keys of a step") && RecipeLanguage.step.byName[key.name] != nil
                if isTold { continue }
                #expect(section.contains("\n.It Ic \(key.name) : "), "\(key.name) of \(object.name)")
            }
        }
    }

    @Test func describesEveryFunction() throws {
        let page = try Self.file("man/ops-recipe.5")
        for function in ExpressionFunction.all {
            #expect(page.contains("\(function.name)("), "\(function.name)")
        }
    }
}

extension String {
    /// What stands behind each line that starts with `heading`, up to the next such line; the heading itself is left out.
    fileprivate func components(startingWith heading: String) -> [String] {
        ("\n" + self).split(separator: "\n" + heading).map { $0 + "\n" }
    }
}
