import StrictYAML

extension Recipe {
    /// Every value of the recipe under its dotted path, as YAML writes it; `none` of a section that
    /// is off. Of several teachers, the second's card is `teachers.1.card`.
    package var values: [(path: String, value: String)] { entries().values(under: "") }
}

extension [YAMLValue.Entry] {
    fileprivate func values(under path: String) -> [(path: String, value: String)] {
        flatMap { entry in
            let path = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            return switch entry.value {
            case .text(let text): [(path, text)]
            case .flow(let entries), .block(let entries): entries.values(under: path)
            case .list(let items):
                items.enumerated().flatMap { $1.values(under: "\(path).\($0)") }
            }
        }
    }
}
