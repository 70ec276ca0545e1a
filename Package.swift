// swift-tools-version: 6.2
import PackageDescription

/// Settings of every target of ours: Swift 6 mode comes from the tools version; a warning is an error.
let common: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// An async function runs where its caller does, mostly on the event loop: a hop to an executor and back for each call
/// would cost a tenth of a short step. Not in OpsHTTP: the HTTP client's iterators stay where they are.
let settings = common + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let collections: Target.Dependency = .product(
    name: "OrderedCollections", package: "swift-collections")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")
let client: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies + [collections],
        swiftSettings: name == "OpsHTTP" ? common : settings)
}

func plugin(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name + "Plugin", dependencies: ["OpsCore", "OpsPlugin", log, collections] + dependencies,
        path: "Plugins/" + name, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestKit", collections], exclude: exclude, swiftSettings: settings)
}

/// A plugin that is a program of its own, for the tests.
func program(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: name + "-program", dependencies: ["OpsPlugin", "OpsCore"] + dependencies, path: "Tests/Programs/" + name,
        swiftSettings: settings)
}

let package = Package(
    name: "ops",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "ops", targets: ["ops"]),
        .library(name: "OpsPlugin", targets: ["OpsPlugin", "OpsCore"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        // Each module imports only what stands below it here.
        .executableTarget(
            name: "ops", dependencies: ["OpsCommands", "OpsCore", "OpsSystem", "COpsSystem"],
            swiftSettings: settings),
        module(
            "OpsCommands",
            [
                "OpsReport", "OpsEngine", "OpsSharing", "OpsRecipe", "OpsPluginHost", "OpsPlugin", "OpsHTTP",
                "OpsSystem", "OpsYAML", "OpsCore", "OpsArchive", "OpsRegistry", "OpsSSH",
                "ShellPlugin", "ContainerPlugin", "SecretsPlugin", "ArchivePlugin", "HTTPPlugin",
                "NotifyPlugin", "PluginTemplates",
                arguments, log,
            ]),
        module("OpsReport", ["OpsEngine", "OpsPlugin", "OpsSystem", "OpsCore"]),
        module(
            "OpsEngine",
            ["OpsRecipe", "OpsPlugin", "OpsSystem", "OpsYAML", "OpsCore", log, crypto]),
        module(
            "OpsSharing",
            [
                "OpsRecipe", "OpsRegistry", "OpsArchive", "OpsHTTP", "OpsSystem", "OpsYAML", "OpsPlugin", "OpsCore",
                "OpsSSH", crypto, log,
            ]),
        module("OpsRecipe", ["OpsPlugin", "OpsSystem", "OpsYAML", "OpsCore", crypto]),
        module("OpsArchive", ["CLibArchive", "CDeflate", "OpsPlugin", "OpsSystem", "OpsCore", crypto]),
        module("OpsPluginHost", ["OpsPlugin", "OpsSystem", "OpsYAML", "OpsCore", log]),
        module("OpsPlugin", ["OpsSystem", "OpsCore", log]),
        module("OpsRegistry", ["OpsHTTP", "OpsSystem", "OpsCore", crypto, log]),
        module("OpsSSH", ["OpsSystem", "OpsCore", crypto]),
        module("OpsHTTP", ["OpsSystem", "OpsCore", client, nioCore, nioHTTP1, nioPosix, nioSSL, log]),
        module("OpsSystem", ["COpsSystem", "OpsCore", crypto]),
        module("OpsYAML", ["CLibYAML", "OpsCore"]),
        module("OpsCore"),
        .systemLibrary(
            name: "CLibYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        .target(name: "CLibArchive"),
        // The zlib that the HTTP client's own C target links already.
        .target(name: "CDeflate", linkerSettings: [.linkedLibrary("z")]),
        .target(name: "COpsSystem"),

        .target(
            name: "PluginTemplates", path: "Plugins/Examples",
            exclude: ["disk-space", "word-count/plugin.yaml", "word-count/bin/word-count"],
            sources: ["PythonModule.swift"], resources: [.embedInCode("word-count/bin/ops_plugin.py")],
            swiftSettings: settings),
        plugin("Shell", ["OpsSystem"]),
        plugin("Container", ["OpsArchive", "OpsRegistry", "OpsHTTP", "OpsSystem", crypto]),
        plugin("Secrets", ["OpsSSH", "OpsHTTP", "OpsSystem", "OpsYAML", crypto, cryptoExtras]),
        plugin("Archive", ["OpsArchive", "OpsSystem", crypto]),
        plugin("HTTP", ["OpsHTTP", "OpsSystem"]),
        plugin("Notify", ["OpsHTTP"]),

        .target(
            name: "TestKit", dependencies: ["OpsCore", "OpsPlugin", "OpsSystem", log, collections],
            path: "Tests/TestKit",
            swiftSettings: settings),
        .target(
            name: "HTTPTestServer", dependencies: [nioCore, nioHTTP1, nioPosix, nioSSL],
            path: "Tests/HTTPTestServer", swiftSettings: settings),
        program(
            "builtin", ["ArchivePlugin", "ContainerPlugin", "HTTPPlugin", "NotifyPlugin", "SecretsPlugin"]),
        program("hello"),
        program("odd", [log]),
        tests("OpsCoreTests", ["OpsCore"]),
        tests("OpsYAMLTests", ["OpsYAML", "OpsCore"]),
        tests("OpsSystemTests", ["OpsSystem", "OpsCore"]),
        tests("OpsSSHTests", ["OpsSSH", "OpsSystem", "OpsCore"]),
        tests("OpsHTTPTests", ["OpsHTTP", "OpsCore", "HTTPTestServer"]),
        tests("OpsRegistryTests", ["OpsRegistry", "OpsHTTP", "OpsCore"]),
        tests("OpsArchiveTests", ["OpsArchive", "OpsPlugin", "OpsSystem", "OpsCore"]),
        tests("OpsPluginTests", ["OpsPlugin", "OpsCore"]),
        tests("OpsPluginHostTests", ["OpsPluginHost", "OpsPlugin", "OpsSystem", "OpsCore"]),
        tests(
            "OpsRecipeTests", ["OpsRecipe", "OpsPlugin", "OpsSystem", "OpsYAML", "OpsCore"], exclude: ["Bad", "Good"]),
        tests(
            "OpsSharingTests",
            [
                "OpsSharing", "OpsRecipe", "OpsRegistry", "OpsArchive", "OpsSSH", "OpsHTTP", "OpsSystem", "OpsYAML",
                "OpsCore",
            ]),
        tests("OpsEngineTests", ["OpsEngine", "OpsRecipe", "OpsPlugin", "OpsSystem", "OpsCore"]),
        tests("OpsReportTests", ["OpsReport", "OpsEngine", "OpsPlugin", "OpsCore"]),
        tests("ShellPluginTests", ["ShellPlugin", "OpsPlugin", "OpsSystem", "OpsCore"]),
        tests(
            "ContainerPluginTests",
            ["ContainerPlugin", "OpsRegistry", "OpsPlugin", "OpsSystem", "OpsCore"]),
        tests(
            "SecretsPluginTests",
            [
                "SecretsPlugin", "OpsHTTP", "HTTPTestServer", "OpsPlugin", "OpsSystem", "OpsCore", crypto, cryptoExtras,
                log,
            ]),
        tests("ArchivePluginTests", ["ArchivePlugin", "OpsPlugin", "OpsSystem", "OpsCore"]),
        tests("HTTPPluginTests", ["HTTPPlugin", "HTTPTestServer", "OpsPlugin", "OpsSystem", "OpsCore", log]),
        tests("NotifyPluginTests", ["NotifyPlugin", "HTTPTestServer", "OpsPlugin", "OpsSystem", "OpsCore", log]),
        tests("OpsCommandsTests", ["OpsCommands", "OpsRecipe", "OpsCore", arguments]),
        tests("CLITests", ["HTTPTestServer", "OpsCore", "OpsSystem"]),
        tests("InteropTests", ["OpsCore", "OpsSystem"]),
    ]
)
