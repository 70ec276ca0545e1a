import Logging
import OpsCore
import OpsPlugin
import OrderedCollections

/// A source of secrets that is a program of its own.
struct ExternalProvider: SecretProvider {
    let scheme: String
    private let plugin: FoundPlugin

    private static let limit: Duration = .seconds(60)

    init(_ plugin: FoundPlugin, scheme: String) {
        self.plugin = plugin
        self.scheme = scheme
    }

    var summary: String { plugin.manifest.summary }
    var example: String { "\(scheme)://path#field" }
    var manual: String {
        """
        A source of the plugin '\(plugin.manifest.name)' \(plugin.manifest.version). Its program is started once for \
        all references that are asked at a time, and gets them on its standard input.
        """
    }

    func check(_ reference: SecretReference) throws(OpsError) {}

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        do throws(SecretFailure) { return try await ask(references, context) } catch {
            return references.map { _ in .failure(error) }
        }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        guard let answer = await fetch([reference], context).first else {
            return .failure(SecretFailure(.invalid, "the plugin '\(plugin.manifest.name)' gave no answer"))
        }
        return answer.map { _ in SecretProbe("the plugin '\(plugin.manifest.name)' gave a value") }
    }

    private func ask(
        _ references: [SecretReference], _ context: SecretContext
    ) async throws(SecretFailure) -> [Result<[UInt8], SecretFailure>] {
        let name = plugin.manifest.name
        var request = PluginRequest(id: "r1", verb: .fetch, directory: context.directory)
        request.references = references
        var call = PluginCall(
            plugin: plugin, request: request, environment: context.environment, grace: .seconds(1),
            limit: Self.limit, marker: PluginCall.newMarker())
        // What it says may hold values that nobody masks before the answer is there.
        call.mayQuote = false
        let held = HeldMessages()
        let listener = PluginListener(
            log: { level, text in held.add(level, text) }, secret: { context.session.mask($0, $1) })
        let answer: PluginAnswer
        do { answer = try await PluginProcess.run(call, listener) } catch let error as OpsError {
            let isLate = error.code == .unavailable
            throw SecretFailure(isLate ? .unreachable : .invalid, error.message, hint: error.hint)
        } catch {
            throw SecretFailure(.unreachable, "the plugin '\(name)' was ended, since the run was cancelled")
        }
        let result = answer.result
        guard result.status == .ok else {
            let reason: SecretFailure.Reason =
                switch result.error?.code {
                case .notFound: .missing
                case .unauthorized: .forbidden
                case .unavailable, .timeout: .unreachable
                default: .invalid
                }
            throw SecretFailure(
                reason, result.error.map { "\(name): \($0.message)" } ?? "the plugin '\(name)' gave up",
                hint: result.error?.hint)
        }
        guard result.values.count == references.count else {
            throw SecretFailure(
                .invalid,
                "the plugin '\(name)' answered \(result.values.count) of \(references.count) references")
        }
        for (reference, value) in zip(references, result.values) {
            if case .success(let bytes) = value { context.session.mask(reference.description, bytes) }
        }
        let isComplete = result.values.allSatisfy { if case .success(let bytes) = $0 { !bytes.isEmpty } else { true } }
        for (level, text) in held.all where isComplete { context.logger.log(level: level.loggerLevel, "\(text)") }
        return result.values.map { value in
            value.flatMap {
                $0.isEmpty ? .failure(SecretFailure(.empty, "the plugin '\(name)' gave nothing")) : .success($0)
            }
        }
    }
}
