/// How a Buildkite agent is told to mask a value (buildkite.com/docs, "buildkite-agent redactor add").
package enum BuildkiteRedactor {
    /// The program, which is searched for in PATH and may not exist, and its arguments. It reads one value from its
    /// standard input, so that no argument list holds a secret.
    package static let command = ["buildkite-agent", "redactor", "add"]
}
