import ArgumentParser
import OpsCore
import OrderedCollections

/// ops(1), made from the command definitions that ArgumentParser reads.
enum CommandManual {
    static func page() throws -> String {
        let root = try JSONReader.value(Ops._dumpHelp())
        guard let command = root["command"] else {
            throw OpsError(.unsupported, "ArgumentParser's help has no command")
        }
        var text = """
            .Dd $Mdocdate$
            .Dt OPS 1
            .Os
            .Sh NAME
            .Nm ops
            .Nd run task recipes
            .Sh SYNOPSIS
            .Nm
            .Op Ar task ...
            .Op Ar key Ns = Ns Ar value ...
            .Op Li \\-\\- Ar arg ...
            .Nm
            .Ar command
            .Op Ar option ...
            .Sh DESCRIPTION

            """
        text += Mdoc.prose(command["discussion"]?.stringValue ?? "") + "\n"
        text += ".Sh COMMANDS\n"
        for child in command["subcommands"]?.listValue ?? [] where child["commandName"]?.stringValue != "help" {
            text += section(child, prefix: "")
        }
        return text + ResumeManualText.sections + CommandManualText.end + CommandDataText.sections
    }

    private static func section(_ command: Value, prefix: String) -> String {
        guard command["shouldDisplay"]?.booleanValue != false else { return "" }
        let name = prefix + (command["commandName"]?.stringValue ?? "")
        let arguments = (command["arguments"]?.listValue ?? []).filter { argument in
            argument["shouldDisplay"]?.booleanValue != false && !isHelp(argument)
        }
        var text = ".Ss ops \(Mdoc.text(name))\n"
        if let abstract = command["abstract"]?.stringValue { text += Mdoc.prose(abstract) + "\n" }
        if let discussion = command["discussion"]?.stringValue { text += Mdoc.prose(discussion) + "\n" }
        if !arguments.isEmpty {
            text += ".Bl -tag -width Ds\n"
            for argument in arguments { text += item(argument) }
            text += ".El\n"
        }
        for child in command["subcommands"]?.listValue ?? [] { text += section(child, prefix: name + " ") }
        return text
    }

    private static func isHelp(_ argument: Value) -> Bool {
        let name = argument["preferredName"]?["name"]?.stringValue
        return name == "help" || name == "version"
    }

    private static func item(_ argument: Value) -> String {
        let valueName = argument["valueName"]?.stringValue ?? "value"
        let names = (argument["names"]?.listValue ?? []).compactMap { name -> String? in
            guard let text = name["name"]?.stringValue else { return nil }
            return name["kind"]?.stringValue == "short" ? "Fl \(Mdoc.text(text))" : "Fl -\(Mdoc.text(text))"
        }
        let isOption = argument["kind"]?.stringValue == "option"
        var heading = names.isEmpty ? "Ar \(Mdoc.argument(valueName))" : names.joined(separator: " , ")
        if isOption { heading += " Ar \(Mdoc.argument(valueName))" }
        let summary = argument["abstract"]?.stringValue ?? ""
        return ".It \(heading)\n\(Mdoc.prose(summary))\n"
    }
}
