import ArgumentParser

/// The completion scripts: ArgumentParser's, with the tasks offered where `ops TASK` stands for `ops run TASK`.
enum CompletionScript {
    static func text(_ shell: CompletionShell) -> String {
        let script = Ops.completionScript(for: shell)
        switch shell {
        case .bash:
            let commands = "        # Offer subcommand completions\n"
            return script.replacing(
                commands,
                with: """
                            __ops_add_completions -W "$(__ops_custom_complete ---completion run -- positional@0 \
                    "${COMP_CWORD}" "$(__ops_cursor_index_in_current_word)")"

                    """ + commands, maxReplacements: 1) + wholeNames
        case .zsh:
            let commands = "        _describe -V subcommand subcommands && ret=0\n"
            return script.replacing(
                commands,
                with: commands + """
                            __ops_custom_complete ---completion run -- positional@0 "${current_word_index}" \
                    "$(__ops_cursor_index_in_current_word)" && ret=0

                    """, maxReplacements: 1)
        case .fish:
            // fish 3 knows a cursor only of a line that is being typed, and so not in `complete -C`.
            let script = script.replacing("(__ops_tokens -tC)", with: #"(string length -- "$(commandline -ct)")"#)
            let task = script.split(separator: "\n").first {
                $0.contains("'__ops_should_offer_completions_for_positional \"ops run\"")
            }
            return script + "\n" + (task.map { $0.replacing("\"ops run\"", with: "\"ops\"") + "\n" } ?? "")
        default: return script
        }
    }

    /// bash takes `common:lint` for three words otherwise.
    private static let wholeNames = "\nCOMP_WORDBREAKS=${COMP_WORDBREAKS//:}\n"
}
