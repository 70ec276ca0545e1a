package import OpsCore
package import OpsPlugin

/// Checks the values of an action's arguments against its declaration.
package enum ArgumentBinder {
    /// The evaluated value behind an action key as checked arguments, with defaults filled in.
    ///
    /// A value that is no map goes to the shorthand parameter. Text parameters take numbers with their spelling;
    /// an unknown passes where its type may fit; a secret only where the parameter is declared secret.
    ///
    /// Throws: a `DiagnosticsError` with every problem, each at the nearest place of the template.
    package static func bind(
        _ declaration: ActionDeclaration, value: Value, template: Template
    ) throws(DiagnosticsError) -> Arguments {
        var reader = ParameterReader()
        let values = reader.arguments(LocatedValue(value, template), declaration, at: template.range)
        guard reader.diagnostics.isEmpty else { throw DiagnosticsError(reader.diagnostics) }
        return Arguments(values, label: declaration.name)
    }
}
