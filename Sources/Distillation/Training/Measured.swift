import Learning

/// Facts beside the losses that were measured, in JSON as one flat object.
@dynamicMemberLookup
struct Measured<Facts: FlatFacts>: Codable, Equatable, Sendable {
    var facts: Facts
    var losses: Measures

    init(_ facts: Facts, losses: Measures) {
        self.facts = facts
        self.losses = losses
    }

    subscript<Value>(dynamicMember member: KeyPath<Facts, Value>) -> Value {
        facts[keyPath: member]
    }

    subscript<Value>(dynamicMember member: WritableKeyPath<Facts, Value>) -> Value {
        get { facts[keyPath: member] }
        set { facts[keyPath: member] = newValue }
    }

    /// The keys of its JSON, given the names of the losses.
    static func keys(losses names: [String]) -> [String] {
        Facts.CodingKeys.allCases.map(\.stringValue) + names
    }

    /// Reads the facts by their keys; all others are losses, such as there are.
    init(from decoder: any Decoder) throws {
        facts = try Facts(from: decoder)
        let container = try decoder.container(keyedBy: Name.self)
        let others = Set(container.allKeys.map(\.stringValue)).subtracting(Self.keys(losses: []))
        let names = Loss.allNames.filter {
            others.contains($0) || Loss.namesAlwaysTold.contains($0)
        }
        if let unknown = others.subtracting(names).min() {
            throw DecodingError.dataCorruptedError(
                forKey: Name(unknown), in: container, debugDescription: "no such key")
        }
        losses = Measures(
            names, try names.map { try container.decode(Double.self, forKey: Name($0)) })
    }

    func encode(to encoder: any Encoder) throws {
        try facts.encode(to: encoder)
        var container = encoder.container(keyedBy: Name.self)
        for figure in losses.figures {
            try container.encode(figure.value, forKey: Name(figure.name))
        }
    }

    /// The name of a figure as a key.
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { return nil }
    }
}

/// Facts that know their keys, none of which is the name of a loss.
protocol FlatFacts: Codable, Equatable, Sendable {
    associatedtype CodingKeys: CodingKey, CaseIterable
}
