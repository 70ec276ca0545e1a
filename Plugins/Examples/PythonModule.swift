/// `ops_plugin.py`, which `ops plugin new` writes beside a new program.
package enum PythonModule {
    package static var bytes: [UInt8] { PackageResources.ops_plugin_py }
}
