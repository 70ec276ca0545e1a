/// The manifest of a plugin `acme` with the action `pack` and the scheme `acme`.
package enum AcmeManifest {
    /// - Parameter permissions: as YAML; nil: there are none.
    package static func text(
        permissions: String? = #"{ read: ["."], write: ["."], net: none, env: [ACME_HOME] }"#
    ) -> String {
        start + (permissions.map { "permissions: \($0)\n" } ?? "")
    }

    private static let start = """
        apiVersion: ops/plugin/v1
        name: acme
        version: 1.2.0
        summary: Packs things.
        protocol: [1]
        run: bin/acme
        actions:
          pack:
            summary: Pack a folder
            plan: full
            inputs:
              type: object
              required: [source]
              properties:
                source: { type: string, description: The folder to pack, x-ops-path: read }
                level: { type: integer, minimum: 1, maximum: 9, default: 6 }
                kind: { type: string, enum: [zip, tar] }
                token: { type: string, x-ops-secret: true }
                labels: { type: object, additionalProperties: { type: string } }
                parts:
                  type: array
                  minItems: 1
                  items: { type: object, required: [to], properties: { to: { type: string, x-ops-path: write } } }
            outputs:
              type: object
              required: [path]
              properties: { path: { type: string }, count: { type: integer }, key: { type: string, x-ops-secret: true } }
            examples: [ { title: A folder, with: { source: dist, level: 9, kind: zip }, files: { dist/a: x } } ]
        secrets: [acme]

        """
}
