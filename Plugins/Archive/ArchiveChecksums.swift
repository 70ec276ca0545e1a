import Crypto
import Glibc
import OpsCore
import OpsPlugin
import OpsSystem

/// `archive.checksums`.
struct ArchiveChecksums: Action {
    let declaration = ActionDeclaration(
        name: "archive.checksums",
        summary: "Write the SHA-256 of files in the form that sha256sum -c checks",
        description: """
            One line a file, in byte order, with names relative to the folder of `output`: `sha256sum -c` works \
            there. The file never covers itself. A folder stands for all files below it.
            """,
        parameters: [
            Parameter(
                "files", .oneOrMore(.glob), "Files, folders and globs", required: true,
                example: .list([.string("dist/*.tar.zst")])),
            Parameter(
                "output", .path(.write), "The file to write", required: true, example: .string("dist/SHA256SUMS")),
        ],
        outputs: [
            OutputDeclaration("path", .string, "The file, as `output` gives it"),
            OutputDeclaration("count", .integer, "How many files it covers"),
        ],
        examples: [
            ActionExample(
                "Checksums beside a release",
                """
                archive.checksums: { files: [ "dist/*.tar.zst", "dist/*.zip" ], output: dist/SHA256SUMS }
                """)
        ])

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        var plan = ActionPlan()
        let path = arguments.plannedString("output").map { components(context.absolute($0)) }
        if case .list(let patterns) = arguments["files"] {
            for pattern in patterns.compactMap(\.scalarText) {
                var effect = Effect(.read, pattern)
                if context.isSettled(context.absolute(Glob.folder(of: pattern))) {
                    let found = try await onThread { _ in try FileTree.find(pattern, in: context.directory) }
                    let files = found.count { $0.kind == .file && components($0.absolutePath) != path }
                    effect.detail = "\(files) file\(files == 1 ? "" : "s")"
                }
                plan.effects.append(effect)
            }
        }
        if let output = arguments.plannedString("output") {
            plan.effects.append(Effect(.write, output))
            plan.outputs["path"] = .string(output)
        } else {
            plan.effects.append(Effect(.write, "<output>", detail: "known in the run"))
        }
        return plan
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let patterns = try arguments.strings("files")
        let output = try arguments.string("output")
        let path = context.absolute(output)
        let directory = context.directory
        let count = try await onThread { cancellation in
            let folder = components(parentFolder(of: path))
            var files: [(name: String, path: String)] = []
            var seen: Set<String> = []
            for entry in try FileTree.find(patterns, in: directory) {
                let parts = components(entry.absolutePath)
                guard parts != components(path), FileStatus.find(entry.absolutePath)?.kind == .file else { continue }
                let name = relative(parts, to: folder)
                if seen.insert(name).inserted { files.append((name, entry.absolutePath)) }
            }
            guard !files.isEmpty else { throw arguments.error("files", "there is no file to cover but the output") }
            files.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            var text = ""
            for file in files { text += line(try digest(of: file.path, cancellation), file.name) }
            try cancellation.check()
            try writeAtomically(Array(text.utf8), to: path)
            return files.count
        }
        return ["path": .string(output), "count": .integer(count)]
    }
}

/// The names in an absolute path, `.` and `..` resolved by text.
private func components(_ path: String) -> [Substring] {
    var result: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
        if part == ".." { _ = result.popLast() } else { result.append(part) }
    }
    return result
}

private func relative(_ path: [Substring], to folder: [Substring]) -> String {
    let common = zip(path, folder).prefix { $0 == $1 }.count
    return (folder.dropFirst(common).map { _ in ".." } + path.dropFirst(common)).joined(separator: "/")
}

/// As sha256sum writes it: a name with a newline or backslash is escaped, and the line starts with a backslash.
private func line(_ digest: String, _ name: String) -> String {
    var escaped = ""
    for scalar in name.unicodeScalars {
        switch scalar {
        case "\\": escaped += "\\\\"
        case "\n": escaped += "\\n"
        case "\r": escaped += "\\r"
        default: escaped.unicodeScalars.append(scalar)
        }
    }
    return (escaped == name ? "" : "\\") + digest + "  " + escaped + "\n"
}

private func digest(of path: String, _ cancellation: CancellationFlag) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw OpsError.system("read", path) }
    defer { close(descriptor) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { buffer.deallocate() }
    var hash = SHA256()
    while true {
        try cancellation.check()
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw OpsError.system("read", path) }
        if count == 0 { return hexadecimal(hash.finalize()) }
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
}
