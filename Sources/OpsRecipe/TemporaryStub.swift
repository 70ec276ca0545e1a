import OrderedCollections
package import OpsCore
package import OpsPlugin
package enum ArgumentBinder { package static func bind(_ d: ActionDeclaration, value: Value, template: Template) throws(DiagnosticsError) -> Arguments { Arguments([:], label: "") } }
package enum Dotenv { package static func parse(_ b: [UInt8], file: String) throws -> [(String, String)] { [] } }
package enum InputVariable { package static func name(of: String) -> String { of } }
extension Diagnostic { package var json: Value { .null } }
