import OpsCore

/// The image-spec's own JSON Schemas as judges of an OCI layout.
package enum ImageSchemas {
    /// What they say against the index, the manifests and the configs of a layout: empty where it is valid. Where
    /// the schemas are not to be had, it says so on the terminal and finds nothing wrong.
    package static func problems(of layout: String) throws -> String {
        guard let vectorsFolder else {
            print("skipped: no schemas judge \(layout): OPS_TEST_VECTORS is not set and ../shared/vectors is not there")
            return ""
        }
        let judged = try run(["python3", "-W", "ignore", "-c", validator, vectorsFolder + "/oci-schema", layout])
        return judged.status == 0 ? "" : "status \(judged.status): \(judged.errorText)"
    }

    private static let validator = """
        import json, os, sys, jsonschema
        folder, layout = sys.argv[1:]
        def load(p): return json.load(open(p))
        # References are to files here; the schemas' own names lead to the network.
        def local(v):
            if isinstance(v, dict): return {k: local(x) for k, x in v.items() if not (k == 'id' and isinstance(x, str))}
            return [local(x) for x in v] if isinstance(v, list) else v
        store = {'http://local/' + n: local(load(os.path.join(folder, n))) for n in os.listdir(folder) if n.endswith('.json')}
        def check(value, name):
            resolver = jsonschema.RefResolver('http://local/' + name, store['http://local/' + name], store=store)
            jsonschema.Draft4Validator(store['http://local/' + name], resolver=resolver).validate(value)
        def blob(d): return load(os.path.join(layout, 'blobs', *d['digest'].split(':')))
        check(load(os.path.join(layout, 'oci-layout')), 'image-layout-schema.json')
        index = load(os.path.join(layout, 'index.json'))
        check(index, 'image-index-schema.json')
        for entry in index['manifests']:
            manifest = blob(entry)
            check(manifest, 'image-manifest-schema.json')
            check(blob(manifest['config']), 'config-schema.json')
        assert index['manifests'], 'the index is empty'
        """
}
