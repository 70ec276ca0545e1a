import Glibc
import OpsSystem

/// What a script needs to start: the interpreter of its first line, and the installation around that. Only what PATH
/// leads to counts, since the line is the script's own word.
enum ScriptInterpreter {
    /// An interpreter may be a script itself, such as those of version managers.
    private static let depth = 4
    /// What an installation needs of its folder, beside the program.
    private static let parts = ["bin", "lib", "lib64", "libexec", "pyvenv.cfg"]

    /// Files and folders to be read and executed, absolute; none where all is the system's.
    static func paths(of program: String, environment: [String: String]) -> [String] {
        let search = environment["PATH"] ?? ExecutablePath.defaultSearchPath
        var found: [String] = []
        var script = program
        for _ in 0..<depth {
            guard let interpreter = interpreter(of: script, search), let real = realPath(interpreter) else { break }
            for path in interpreter == real ? [real] : [interpreter, real] where !Sandbox.isSystem(path) {
                found += installation(around: path, home: environment["HOME"])
            }
            script = real
        }
        return found
    }

    /// The program that runs a script, by its first line: `#!/usr/bin/env -S python3 -u`, `#!/opt/tool/bin/tool`.
    private static func interpreter(of script: String, _ search: String) -> String? {
        let bytes = start(of: script)
        guard bytes.starts(with: "#!".utf8) else { return nil }
        let line = String(decoding: bytes.dropFirst(2).prefix { $0 != 0x0A }, as: UTF8.self)
        var words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard let first = words.first else { return nil }
        if first.split(separator: "/").last == "env" {
            words.removeFirst()
            guard let name = words.first(where: { !$0.hasPrefix("-") && !$0.contains("=") }) else { return nil }
            return name.contains("/") ? nil : ExecutablePath.find(name, path: search, in: "/")
        }
        let isSearched = search.split(separator: ":").contains { $0 == parentFolder(of: first) }
        return isSearched || Sandbox.isSystem(first) ? first : nil
    }

    /// As much as the kernel reads of a first line (execve(2)).
    private static func start(of file: String) -> [UInt8] {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 255)
        let count = read(descriptor, &buffer, buffer.count)
        return Array(buffer.prefix(max(0, count)))
    }

    private static func installation(around program: String, home: String?) -> [String] {
        let folder = parentFolder(of: program)
        let prefix = parentFolder(of: folder)
        // The folder of a version manager: what it starts is below it.
        let isShim = folder.hasSuffix("/shims") && prefix != "/" && home.map { !$0.isWithin(prefix) } ?? true
        if isShim { return [prefix] }
        guard folder.hasSuffix("/bin") else { return [program] }
        return [program] + parts.map { prefix == "/" ? "/" + $0 : prefix + "/" + $0 }
    }
}
