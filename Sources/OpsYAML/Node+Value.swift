package import OpsCore
import OrderedCollections

extension Node {
    /// What it holds, without places: numbers keep their spelling.
    package var value: Value {
        switch content {
        case .scalar(let scalar): scalar.value
        case .sequence(let items): .list(items.map(\.value))
        case .mapping(let entries):
            .map(ValueMap(entries.map { ($0.key, $0.value.value) }, uniquingKeysWith: { first, _ in first }))
        }
    }
}
