package import OpsCore
package import OpsPlugin
import OrderedCollections

/// Finds what is wrong between the parts of a recipe: names, types, cycles, secrets where they would be seen.
package enum RecipeChecker {
    /// All errors and warnings, in reading order.
    ///
    /// - Parameters:
    ///   - lint: false leaves the warnings out: what could not be decoded would seem unused.
    ///   - isIncluded: true where another recipe includes it.
    package static func check(
        _ recipe: Recipe, catalog: PluginCatalog, lint: Bool = true, isIncluded: Bool = false
    ) -> [Diagnostic] {
        let graph = NeedsGraph(recipe)
        var diagnostics = graph.check()
        let model = ModelTypes(recipe: recipe, catalog: catalog)
        for name in recipe.vars.keys { _ = model.type(ofVariable: name) }
        var checker = SiteChecker(model: model)
        recipe.forEachSite { checker.check($0) }
        diagnostics += model.diagnostics + checker.diagnostics
        diagnostics += GivenValues.check(recipe, model)
        diagnostics += ScheduleChecker.check(recipe)
        diagnostics += graph.undoChecks()
        if lint { diagnostics += RecipeLint.warnings(recipe, isIncluded: isIncluded) }
        var seen: Set<Diagnostic> = []
        return diagnostics.filter { seen.insert($0).inserted }.sorted(by: Diagnostic.inReadingOrder)
    }
}

/// Checks the expressions of one place after the other.
private struct SiteChecker {
    let model: ModelTypes
    var diagnostics: [Diagnostic] = []

    init(model: ModelTypes) { self.model = model }

    mutating func check(_ site: Site) {
        let types = RecipeTypes(model: model, scope: site.scope)
        switch site.form {
        case .condition(let condition):
            let (type, problems) = condition.expression.check(with: types)
            diagnostics += problems
            guard problems.isEmpty else { return }
            if type.wrapped == .secret {
                flow(condition.expression, site, hint: "only 'secrets.NAME == null' is no secret")
            } else if !type.mayBe(.boolean) {
                report(
                    "wrong-type", "\(site.what) needs true or false, got \(type)",
                    hint: "compare it with == or !=, such as != null", at: condition.expression.range)
            }
        case .action(let call):
            call.name == "run" ? command(call, site, types) : action(call, site, types)
        case .template(let template): value(template, site, types)
        }
    }

    private mutating func report(_ code: String, _ message: String, hint: String? = nil, at range: SourceRange) {
        diagnostics.append(Diagnostic(code: code, message, hint: hint, at: range))
    }

    private mutating func flow(_ expression: Expression, _ site: Site, into what: String? = nil, hint: String? = nil) {
        let names = model.secretNames(in: expression, site.scope)
        var diagnostic = Diagnostic.secretFlow(
            names.isEmpty ? [expression.text] : names, into: what ?? site.what, at: expression.range)
        if let hint { diagnostic.hint = hint }
        diagnostics.append(diagnostic)
    }

    /// The type of a template; its problems are reported. Nil where there are any.
    private mutating func type(_ template: Template, _ types: RecipeTypes) -> ValueType? {
        let (type, problems) = template.check(with: types)
        diagnostics += problems
        return problems.isEmpty ? type : nil
    }

    private mutating func value(_ template: Template, _ site: Site, _ types: RecipeTypes) {
        switch template.content {
        case .literal: return
        case .list(let items):
            for item in items { part(item, site, types) }
            return
        case .map(let map):
            for item in map.values { part(item, site, types) }
            return
        case .expression, .text: break
        }
        guard let type = type(template, types) else { return }
        if type.wrapped == .secret {
            if !site.takesSecret { template.expressions.first.map { flow($0, site) } }
            return
        }
        switch site.wanted {
        case .anything: return
        case .list:
            if !type.mayBe(.list(.any)) {
                report("wrong-type", "\(site.what) needs a list, got \(type)", at: template.range)
            }
        case .text(let orNull):
            if type == .null, orNull { return }
            if type == .null || type.wrapped == .map || type.wrapped.isList {
                report(
                    "wrong-type", "\(site.what) needs text, got \(type)",
                    hint: type == .null ? nil : "make it text with join or toJSON", at: template.range)
            }
        }
    }

    /// A value inside a list or map: of any type, but a secret only where one may go.
    private mutating func part(_ template: Template, _ site: Site, _ types: RecipeTypes) {
        var inner = site
        inner.wanted = .anything
        value(template, inner, types)
    }

    // MARK: actions

    private mutating func command(_ call: ActionCall, _ site: Site, _ types: RecipeTypes) {
        guard case .list(let words) = call.arguments.content else { return }
        for word in words {
            if case .literal = word.content { continue }
            guard let type = type(word, types) else { continue }
            if type.wrapped == .secret {
                if let expression = word.expressions.first {
                    flow(
                        expression, site, into: "a command's arguments, where every process can read it",
                        hint: "give it by 'env', 'stdin' or 'files'")
                }
            } else if type == .null || type.wrapped == .map {
                report("wrong-type", "an argument of 'run' needs text or a list of texts, got \(type)", at: word.range)
            }
        }
    }

    private mutating func action(_ call: ActionCall, _ site: Site, _ types: RecipeTypes) {
        guard let declaration = model.catalog.action(named: call.name)?.declaration else {
            _ = type(call.arguments, types)
            return
        }
        var reader = ParameterReader(checksNames: false)
        _ = reader.arguments(located(call.arguments, site, types), declaration, at: call.nameRange)
        diagnostics += reader.diagnostics
    }

    /// The arguments with an unknown of its type in place of each expression.
    private mutating func located(_ template: Template, _ site: Site, _ types: RecipeTypes) -> LocatedValue {
        switch template.content {
        case .literal: return LocatedValue(.checked, template.range)
        case .list(let items):
            return LocatedValue(.list(items.map { located($0, site, types) }), template.range)
        case .map(let map):
            let members = map.map { key, item in
                LocatedValue.Member(key: key, keyRange: item.range, value: located(item, site, types))
            }
            return LocatedValue(.map(members), template.range)
        case .expression, .text:
            guard let type = type(template, types) else { return LocatedValue(.checked, template.range) }
            guard type.wrapped == .secret else {
                return LocatedValue(.value(.unknown(Unknown("", type: type))), template.range)
            }
            let names = template.expressions.flatMap { model.secretNames(in: $0, site.scope) }
            return LocatedValue(.value(.secret(Secret(planned: names))), template.range)
        }
    }
}

extension ValueType {
    fileprivate var isList: Bool { if case .list = self { true } else { false } }
}
