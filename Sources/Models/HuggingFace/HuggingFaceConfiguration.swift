import Base
import Foundation

/// One of the small JSON files of a Hugging Face directory: keys that are read one by one, others are
/// left.
package struct HuggingFaceConfiguration: Sendable {
    private let values: [String: JSONValue]

    /// - Throws: `HuggingFaceProblem` for what is no JSON object.
    package init(json: [UInt8]) throws(HuggingFaceProblem) {
        do {
            values = try JSONDecoder().decode([String: JSONValue].self, from: Data(json))
        } catch {
            throw HuggingFaceProblem(errorText(error))
        }
    }

    private init(values: [String: JSONValue]) { self.values = values }

    /// Whether the file has a key with another value than null.
    package func has(_ key: String) -> Bool { (values[key] ?? .null) != .null }

    /// A whole number.
    ///
    /// - Parameter standard: what stands for a key that is absent or null; nil for one that must be
    ///   there.
    package func integer(
        _ key: String, _ standard: Int? = nil
    ) throws(HuggingFaceProblem) -> Int {
        try value(key, "a whole number", standard) { $0.integer }
    }

    package func number(
        _ key: String, _ standard: Double? = nil
    ) throws(HuggingFaceProblem) -> Double {
        try value(key, "a number", standard) { $0.number }
    }

    package func flag(_ key: String, _ standard: Bool? = nil) throws(HuggingFaceProblem) -> Bool {
        try value(key, "true or false", standard) { $0.flag }
    }

    package func text(_ key: String, _ standard: String? = nil) throws(HuggingFaceProblem) -> String
    {
        try value(key, "a text", standard) { $0.text }
    }

    package func integers(_ key: String, _ standard: [Int]? = nil) throws(HuggingFaceProblem)
        -> [Int]
    {
        try value(key, "a list of whole numbers", standard) { $0.list(of: \.integer) }
    }

    package func numbers(
        _ key: String, _ standard: [Double]? = nil
    ) throws(HuggingFaceProblem) -> [Double] {
        try value(key, "a list of numbers", standard) { $0.list(of: \.number) }
    }

    package func texts(_ key: String, _ standard: [String]? = nil) throws(HuggingFaceProblem)
        -> [String]
    {
        try value(key, "a list of texts", standard) { $0.list(of: \.text) }
    }

    /// Every key, sorted.
    package var keys: [String] { values.keys.sorted() }

    /// An object in the file; nil for one that is absent or no object.
    package func object(_ key: String) -> HuggingFaceConfiguration? {
        guard case .object(let values)? = values[key] else { return nil }
        return HuggingFaceConfiguration(values: values)
    }

    /// The texts of an object; nil where a value of it is none.
    package var texts: [String: String]? {
        var texts: [String: String] = [:]
        for (key, value) in values {
            guard let text = value.text else { return nil }
            texts[key] = text
        }
        return texts
    }

    /// Refuses a file in which a key has another value than the only one that is known.
    ///
    /// An absent key has the known value.
    package func require(
        _ key: String, is known: String
    ) throws(HuggingFaceProblem) {
        let found = try text(key, known)
        guard found == known else {
            throw HuggingFaceProblem("'\(key)' is \(found.quoted); only '\(known)' is known")
        }
    }

    /// The same for true or false.
    package func require(_ key: String, is known: Bool) throws(HuggingFaceProblem) {
        guard try flag(key, known) == known else {
            throw HuggingFaceProblem("'\(key)' is \(!known); only \(known) is known")
        }
    }

    private func value<Value>(
        _ key: String, _ expected: String, _ standard: Value?, _ read: (JSONValue) -> Value?
    ) throws(HuggingFaceProblem) -> Value {
        guard let found = values[key], found != .null else {
            if let standard { return standard }
            throw HuggingFaceProblem("'\(key)' is missing: \(expected)")
        }
        guard let value = read(found) else {
            throw HuggingFaceProblem("'\(key)' is not \(expected)")
        }
        return value
    }
}

extension JSONValue {
    fileprivate var flag: Bool? { if case .truth(let flag) = self { flag } else { nil } }

    fileprivate var number: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }

    fileprivate var integer: Int? {
        switch self {
        case .integer(let integer): integer
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }

    fileprivate var text: String? { if case .text(let text) = self { text } else { nil } }

    fileprivate func list<Value>(of read: (JSONValue) -> Value?) -> [Value]? {
        guard case .list(let items) = self else { return nil }
        let values = items.compactMap(read)
        return values.count == items.count ? values : nil
    }
}
