/// One thing that every plugin must do: ops-plugin(7) lists them, and `ops plugin test` checks them.
package struct ProtocolRule: Sendable {
    /// `M7`. A number is never used again for another rule.
    package let name: String
    package let text: String

    private init(_ number: Int, _ text: String) {
        name = "M\(number)"
        self.text = text
    }

    package static let all = [
        ProtocolRule(
            1, "The folder of a plugin holds a good plugin.yaml, and the program that it names for this platform."),
        ProtocolRule(
            2,
            """
            Without the variable OPS_PLUGIN_PROTOCOL the program says on standard error that it is a plugin of ops, \
            writes nothing to standard output and exits with status 2.
            """),
        ProtocolRule(
            3,
            """
            The result of `describe` has the manifest, with the same name, version, protocol, actions (but for their \
            examples) and secrets as plugin.yaml.
            """),
        ProtocolRule(
            4,
            """
            Standard output holds lines of the protocol and nothing else: each a JSON object with a `type`, in UTF-8, \
            ended by LF, of at most 1 MiB.
            """),
        ProtocolRule(5, "The last line is the result, the only one, with the id of the request."),
        ProtocolRule(6, "The program ends by itself after its result, with status 0 whatever the result says."),
        ProtocolRule(
            7,
            """
            A request that cannot be read (it is not JSON, longer than 1 MiB, cut off, or missing) is answered by an \
            error, or by words on standard error and another status than 0.
            """),
        ProtocolRule(8, "A request of another major is answered by the error `unsupported`, which names both majors."),
        ProtocolRule(9, "Members and features that the program does not know are ignored."),
        ProtocolRule(
            10,
            """
            A line is what stands before LF: one of 1 MiB is read, and U+2028, U+2029, U+0085 and an escaped CR in \
            it are text.
            """),
        ProtocolRule(11, "`plan` changes no file, and leaves no process."),
        ProtocolRule(12, "`plan` takes unknown values and secrets without values, and answers `ok`."),
        ProtocolRule(13, "An output that `plan` gives as known is what `apply` gives."),
        ProtocolRule(
            14,
            "`apply` gives every output that the manifest requires, each of its type, and none that is not declared."),
        ProtocolRule(15, "The examples of the manifest can be planned and applied, each in a folder with its `files`."),
        ProtocolRule(
            16,
            """
            Where `cancel` is `graceful`, a cancel line ends the call within its grace, with the result `cancelled`, \
            or another where it was done before.
            """),
        ProtocolRule(17, "The end of input means that ops is gone: the program stops its work and ends."),
        ProtocolRule(18, "SIGTERM ends the program."),
        ProtocolRule(
            19,
            """
            The value of a secret stands in no line but `secret` and outputs that are declared secret, not on standard \
            error, and in no file of the step's folder.
            """),
        ProtocolRule(20, "The program changes nothing in the plugin's own folder."),
        ProtocolRule(21, "No process that `apply` started lives on after its result."),
        ProtocolRule(
            22, "`fetch` answers each reference in its order, by a value or by a failure with its reason and a message."
        ),
    ]
}
