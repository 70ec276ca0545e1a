import Glibc
import OpsCore
import OpsRecipe
import TestKit

/// The recipes beside this file, and how one is checked.
enum Corpus {
    static let folder = String(#filePath.dropLast("Corpus.swift".count))

    /// The names without `.yaml`, sorted.
    static func names(in kind: String) -> [String] {
        guard let directory = opendir(folder + kind) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".yaml") { names.append(String(name.dropLast(5))) }
        }
        return names.sorted()
    }

    /// All diagnostics of a text as they are printed; the file is named `ops.yaml` and stands in the folder of its
    /// kind, so that it may include what stands there.
    static func rendering(_ bytes: [UInt8], in kind: String) throws -> String {
        let directory = folder + kind
        let found = try diagnostics(bytes, directory: directory)
        let others = Set(found.compactMap(\.range?.file)).subtracting(["ops.yaml"]).sorted()
        let sources = [SourceText(file: "ops.yaml", bytes: bytes)]
        return DiagnosticRenderer(
            sources: sources + others.compactMap { RecipeLoader.source($0, directory: directory) }
        ).text(found)
    }

    static func diagnostics(_ bytes: [UInt8], directory: String = folder + "Good") throws -> [Diagnostic] {
        do {
            return try RecipeLoader.load(
                bytes, file: "ops.yaml", directory: directory, catalog: try FakeCatalog.make()
            ).warnings
        } catch let error as DiagnosticsError {
            return error.diagnostics
        }
    }

    static func diagnostics(_ text: String) throws -> [Diagnostic] { try diagnostics(Array(text.utf8)) }

    static func load(_ text: String) throws -> Recipe {
        try RecipeLoader.load(
            Array(text.utf8), file: "ops.yaml", directory: folder + "Good", catalog: try FakeCatalog.make()
        ).recipe
    }
}
