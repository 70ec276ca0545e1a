import Glibc
import OpsCore
import TestKit
import Testing

/// Promise 4: the same input gives the same bytes, whatever is different around it.
@Suite struct ReproducibilityTests {
    @Test func aReleaseIsTheSameBytesEverywhere() throws {
        let plain = try release(
            umask: "022", environment: ["TZ": "UTC", "LC_ALL": "C"], jobs: 1, time: "2001-02-03 04:05:06")
        let other = try release(
            umask: "077", environment: ["TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8"],
            jobs: 4,
            time: "2024-12-31 23:59:59", isReversed: true)
        #expect(plain == other)
        #expect(plain.split(separator: "\n").count > 8)
    }

    /// Runs the release in a project of its own; the digests of all that it made, but what the key's own random
    /// padding could change, with their names.
    private func release(
        umask: String, environment: [String: String?], jobs: Int, time: String, isReversed: Bool = false
    ) throws -> String {
        let project = try RecipeProject()
        _ = try project.makeSigningKey()
        // Files whose names and order could matter, made in either order; the executable is any that is not ours.
        let names = ["a", "B", "ä", "a b", "sub/z", "sub/é"]
        for name in isReversed ? names.reversed() : names { try project.program.write("recipes/\(name).yaml", name) }
        try need(["cp", "/usr/bin/env", project.folder + "/tool"])
        try need(["find", project.folder, "-exec", "touch", "-h", "-d", time, "{}", "+"])
        let command = project.program.command(
            [
                "run", "--jobs", "\(jobs)", "-f", "\(project.folder)/recipes/release.yaml", "release",
                "executable=\(project.folder)/tool",
            ], in: isReversed ? "/" : nil, environment: environment)
        let result = try run(["sh", "-c", "umask \(umask); exec \"$@\"", "-"] + command)
        guard result.status == 0 else {
            throw OpsError(.command, "\(environment): status \(result.status)\n\(result.text)\n\(result.errorText)")
        }
        return try need(
            [
                "sh", "-c",
                "find . -path ./rootfs -prune -o -type f ! -name 'signing.*' ! -name '*.sig' ! -name .keep -print"
                    + " | LC_ALL=C sort | xargs -d '\\n' sha256sum",
            ], in: project.folder + "/dist"
        ).text
    }
}
