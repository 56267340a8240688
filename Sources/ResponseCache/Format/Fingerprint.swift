import Base

/// Everything that determines the rows of a cache, as named values.
///
/// Two fingerprints are equal when they hold the same values under the same names; the order of the
/// fields is only the order in which differences are told.
package struct Fingerprint: Codable, Equatable, Sendable {
    /// One input of a row, such as `view.randaugment` with the value `rand-m7-mstd0.5`.
    package struct Field: Codable, Equatable, Sendable {
        /// A dotted name, unique within the fingerprint.
        package let name: String
        /// The value as text.
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The fields in the order in which they were given.
    package let fields: [Field]

    /// SHA-256 of the fields in lower-case hexadecimal.
    ///
    /// What is hashed: the line `understudy-fingerprint-1`, then for each field, sorted by the UTF-8
    /// bytes of its name, a line `<bytes in name>:<name>=<bytes in value>:<value>`; every line ends
    /// in a line feed. The lengths make the text unambiguous whatever the values hold.
    package let digest: String

    /// A fingerprint of these fields, whose names must be unique.
    package init(fields: [Field]) {
        precondition(Self.areNamesUnique(fields), "fingerprint fields need unique names")
        self.fields = fields
        self.digest = Self.digest(of: fields)
    }

    private enum CodingKeys: String, CodingKey { case fields, digest }

    /// Reads a fingerprint and checks that its digest belongs to its fields.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fields = try container.decode([Field].self, forKey: .fields)
        let digest = try container.decode(String.self, forKey: .digest)
        guard Self.areNamesUnique(fields) else {
            throw DecodingError.dataCorruptedError(
                forKey: .fields, in: container, debugDescription: "two fields have the same name")
        }
        guard digest == Self.digest(of: fields) else {
            throw DecodingError.dataCorruptedError(
                forKey: .digest, in: container,
                debugDescription: "the digest does not belong to the fields (edited by hand?)")
        }
        self.fields = fields
        self.digest = digest
    }

    /// Whether both hold the same values under the same names.
    package static func == (left: Fingerprint, right: Fingerprint) -> Bool {
        left.digest == right.digest
    }

    /// What differs between a cache's fingerprint (`self`) and the one wanted now, both in the words
    /// of now (`current`).
    ///
    /// - Parameter here: the fingerprint of the recipe, teacher and data at hand.
    /// - Returns: one line per field that differs, such as
    ///   `view.randaugment: rand-m7-mstd0.5 in the cache, rand-m9-mstd0.5 here`; empty if none does.
    package func differences(from here: Fingerprint) -> [String] {
        let (cached, here) = (current.fields, here.current.fields)
        let wanted = Dictionary(uniqueKeysWithValues: here.map { ($0.name, $0.value) })
        let known = Set(cached.map(\.name))
        var lines: [String] = []
        for field in cached where wanted[field.name] != field.value {
            let value = wanted[field.name].map { "\(shown($0)) here" } ?? "absent here"
            lines.append("\(field.name): \(shown(field.value)) in the cache, \(value)")
        }
        for field in here where !known.contains(field.name) {
            lines.append("\(field.name): absent in the cache, \(shown(field.value)) here")
        }
        return lines
    }

    static func areNamesUnique(_ fields: [Field]) -> Bool {
        Set(fields.map(\.name)).count == fields.count
    }

    private static func digest(of fields: [Field]) -> String {
        let sorted = fields.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        var text = "understudy-fingerprint-1\n"
        for field in sorted {
            text += "\(field.name.utf8.count):\(field.name)="
            text += "\(field.value.utf8.count):\(field.value)\n"
        }
        return SHA256Sum(Array(text.utf8)).hexadecimal
    }

    /// An empty value would leave a hole in the sentence.
    private func shown(_ value: String) -> String { value.isEmpty ? "(empty)" : value }
}

extension Fingerprint {
    /// The same inputs in the words of now.
    ///
    /// Caches of format 3 that are older than this program call the recipe's keys of a section `view`
    /// `views.flip`, and count the epochs that they hold among what determines a row. Their own
    /// fingerprint stays theirs, for their parts hold its digest; what is compared is this.
    package var current: Fingerprint {
        let renamed = fields.filter { $0.name != Self.uncounted }.map { field in
            Field(name: Self.currentName(field.name), value: field.value)
        }
        // No program wrote both names of one field: such a fingerprint is nobody's.
        return Self.areNamesUnique(renamed) ? Fingerprint(fields: renamed) : self
    }

    /// The fingerprint that programs before this one gave a cache of the same inputs.
    ///
    /// - Parameter epochs: the recipe's `cache.epochs`.
    package func earlier(epochs: Int) -> Fingerprint {
        let now = "view."
        let renamed = current.fields.map { field in
            field.name.hasPrefix(now)
                ? Field(name: "views." + field.name.dropFirst(now.count), value: field.value)
                : field
        }
        return Fingerprint(fields: renamed + [Field(name: Self.uncounted, value: "\(epochs)")])
    }

    /// How many epochs a cache holds says nothing of what a row is: a cache can grow.
    private static let uncounted = "cache.epochs"

    /// Fields that are not named for a key of the recipe, and keep the prefix.
    private static let versions = ["views.version", "views.mixing.version"]

    private static func currentName(_ name: String) -> String {
        let (earlier, now) = ("views.", "view.")
        guard name.hasPrefix(earlier), !versions.contains(name) else { return name }
        return now + name.dropFirst(earlier.count)
    }
}
