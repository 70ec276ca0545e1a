import CLibYAML
import OpsCore

/// libyaml's event parser over bytes that outlive it.
final class EventReader {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let source: YAMLSource
    private let isReady: Bool

    /// The bytes (at least one: libyaml asserts it) must stay where they are until the reader is gone, for
    /// libyaml does not copy them.
    init(_ bytes: UnsafeBufferPointer<UInt8>, source: YAMLSource) {
        parser = .allocate(capacity: 1)
        self.source = source
        isReady = yaml_parser_initialize(parser) == 1
        guard isReady else { return }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        if isReady { yaml_parser_delete(parser) }
        parser.deallocate()
    }

    /// The next event. Throws one diagnostic for what libyaml could not read.
    func next() throws(DiagnosticsError) -> Event {
        var event = yaml_event_t()
        guard isReady, yaml_parser_parse(parser, &event) == 1 else {
            throw DiagnosticsError([SyntaxError(parser.pointee, source).diagnostic])
        }
        defer { yaml_event_delete(&event) }
        return Event(event)
    }
}

/// One event with its texts copied out of libyaml.
struct Event {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(String, Node.Scalar.Style)
        case sequenceStart(isFlow: Bool), sequenceEnd
        case mappingStart(isFlow: Bool), mappingEnd
    }

    var kind: Kind
    var anchor: String?
    var tag: String?
    var start: SourcePosition
    var end: SourcePosition

    init(_ event: yaml_event_t) {
        start = SourcePosition(event.start_mark)
        end = SourcePosition(event.end_mark)
        switch event.type {
        case YAML_STREAM_START_EVENT: kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_ALIAS_EVENT: kind = .alias(Self.text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            kind = .scalar(String(decoding: bytes, as: UTF8.self), Self.style(scalar.style))
            anchor = Self.text(scalar.anchor)
            tag = Self.text(scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            let sequence = event.data.sequence_start
            kind = .sequenceStart(isFlow: sequence.style == YAML_FLOW_SEQUENCE_STYLE)
            anchor = Self.text(sequence.anchor)
            tag = Self.text(sequence.tag)
        case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let mapping = event.data.mapping_start
            kind = .mappingStart(isFlow: mapping.style == YAML_FLOW_MAPPING_STYLE)
            anchor = Self.text(mapping.anchor)
            tag = Self.text(mapping.tag)
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        default: kind = .streamEnd
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let pointer else { return nil }
        return String(decodingCString: pointer, as: UTF8.self)
    }

    private static func style(_ style: yaml_scalar_style_t) -> Node.Scalar.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }
}

extension SourcePosition {
    /// libyaml counts lines and columns (code points) from 0.
    init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
