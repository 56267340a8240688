import Foundation
import Testing

@testable import ResponseCache

/// Files that h5py wrote; see Tests/Fixtures/import/make_import_fixtures.py.
@Suite("Foreign responses") struct ForeignResponsesTests {
    private static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/import").path
    private static let good = "\(fixtures)/good.h5"
    private static let bad = "\(fixtures)/bad.h5"

    private struct Expected: Decodable {
        let rows: Int
        let classes: Int
        let views: Int
        let names: [String]
        let responses: [String: [Double]]
    }

    private let expected: Expected

    init() throws {
        expected = try JSONDecoder().decode(
            Expected.self,
            from: Data(contentsOf: URL(fileURLWithPath: "\(Self.fixtures)/expected.json")))
    }

    private func open(
        _ dataset: String, _ path: String = good, temperature: Double = 1
    ) throws -> ForeignResponses {
        let isLogits =
            !(dataset.contains("shares") || ["negative", "unnormalised"].contains(dataset))
        return try ForeignResponses(
            path: path, dataset: dataset, values: isLogits ? .logits : .probabilities,
            temperature: temperature)
    }

    /// numpy takes the same steps in float64; what differs is the last bits of exp and pow.
    @Test("every type and rank is read as numpy reads it, at each temperature") func values() throws
    {
        #expect(expected.responses.count == 20)
        for (name, values) in expected.responses {
            let words = name.split(separator: " ")
            let temperature = try #require(Double(words[1]))
            let responses = try open(String(words[0]), temperature: temperature)
            #expect(responses.images == expected.rows, "\(name)")
            #expect(responses.classes == expected.classes, "\(name)")
            #expect(responses.views == (name.hasPrefix("views") ? expected.views : 1), "\(name)")
            try responses.validate(keys: nil)
            let read = try (0..<responses.views).flatMap {
                try responses.probabilities(view: $0, rows: Array(0..<expected.rows))
            }
            #expect(read.count == values.count, "\(name)")
            for (one, other) in zip(read, values) { #expect(abs(one - other) < 1e-14, "\(name)") }
        }
    }

    @Test("rows come in the order asked for, of the view asked for") func order() throws {
        let responses = try open("views32")
        let rows = try responses.probabilities(view: 2, rows: [6, 0, 6])
        let all = try #require(expected.responses["views32 1.0"])
        for (place, row) in [6, 0, 6].enumerated() {
            for column in 0..<5 {
                #expect(abs(rows[place * 5 + column] - all[(2 * 7 + row) * 5 + column]) < 1e-14)
            }
        }
    }

    @Test("keys of fixed and variable length", arguments: ["fixed", "variable", "padded"])
    func keys(_ dataset: String) throws {
        #expect(try open("logits32").keys(dataset) == expected.names)
    }

    @Test(
        "a row that is no response is named with its key",
        arguments: [
            ("nan", "row 3 ('c1/3.jpg'): the logit of class 2 is nan"),
            ("infinite", "row 6 ('c0/6.jpg'): the logit of class 0 is inf"),
            ("view", "view 2, row 4 ('c0/4.jpg'): the logit of class 1 is -inf"),
            (
                "negative",
                "row 2 ('c0/2.jpg'): the probability of class 4 is -0.25"
            ),
            (
                "unnormalised",
                "row 5 ('c1/5.jpg'): the probabilities sum to 1.5, not to 1"
            ),
        ])
    func rejected(_ dataset: String, _ reason: String) throws {
        let responses = try open(dataset, Self.bad)
        let keys = try responses.keys("names")
        let text = try message { try responses.validate(keys: keys) }
        #expect(text == "\(Self.bad): dataset '\(dataset)', \(reason)")
        #expect(try message { try responses.validate(keys: nil) }?.contains("('") == false)
    }

    @Test(
        "a dataset that cannot hold responses is refused in one line",
        arguments: [
            (
                "none",
                "has no dataset 'none'; it has complex, empty, few, flat, group and more"
            ),
            (
                "group/none/x",
                "has no dataset 'group/none/x'; it has complex, empty, few, flat, group and more"
            ),
            ("group", "'group' is a group or a type, not a dataset"),
            (
                "integers",
                "dataset 'integers' is of integers, not of float16, float32 or float64 numbers"
            ),
            (
                "complex",
                "dataset 'complex' is of something else, not of float16, float32 or float64 numbers"
            ),
            ("names", "dataset 'names' is of texts, not of float16, float32 or float64 numbers"),
            (
                "flat",
                "dataset 'flat' has shape [7]; expected [images, classes] or [views, images, classes]"
            ),
            ("one", "dataset 'one' has shape [7, 1]; expected at least one image and two classes"),
            (
                "empty",
                "dataset 'empty' has shape [0, 5]; expected at least one image and two classes"
            ),
        ])
    func refused(_ dataset: String, _ reason: String) throws {
        #expect(try message { _ = try open(dataset, Self.bad) } == "\(Self.bad): \(reason)")
    }

    @Test("keys that do not name the rows are refused") func badKeys() throws {
        let responses = try open("nan", Self.bad)
        #expect(
            try message { _ = try responses.keys("twice") }
                == "\(Self.bad): dataset 'twice' has the key 'c1/1.jpg' in row 1 and again in row 6"
        )
        for dataset in ["few", "integers"] {
            #expect(
                try message { _ = try responses.keys(dataset) }
                    == "\(Self.bad): dataset '\(dataset)' is not the 7 texts that dataset 'nan' "
                    + "needs as keys")
        }
    }

    @Test("a damaged file ends in one line or in what it held") func hostile() throws {
        let folder = try TemporaryFolder()
        let whole = try bytes(Self.good)
        var numbers = Sequence64(state: 9)
        var refused = 0
        for copy in 0..<300 {
            var damaged = whole
            if copy % 3 == 0 {
                damaged.removeLast(Int(numbers.next() % UInt64(whole.count)))
            } else {
                for _ in 0..<4 {
                    damaged[Int(numbers.next() % UInt64(whole.count))] = UInt8(
                        truncatingIfNeeded: numbers.next() >> 20)
                }
            }
            let path = try folder.file("\(copy).h5", damaged)
            let text = try message {
                for dataset in ["logits16", "views64", "packed"] {
                    let responses = try open(dataset, path)
                    try responses.validate(
                        keys: responses.keys(dataset == "packed" ? "fixed" : "variable"))
                }
            }
            if let text {
                refused += 1
                #expect(text.hasPrefix(path) && !text.contains("\n"), "\(text)")
            }
            try FileManager.default.removeItem(atPath: path)
        }
        #expect(refused > 50)
    }
}
