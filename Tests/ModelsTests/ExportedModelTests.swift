import Foundation
import Models
import Testing
import Torch

@Suite("Exported models") struct ExportedModelTests {
    /// What Tests/Fixtures/models/make_exported.py wrote.
    private struct Answers: Decodable {
        let size: Int
        let classes: Int
        let images: Int
        let logits: [Float]
        /// To images that were rounded to float16.
        let half: [Float]
    }

    private let answers: Answers
    private let images: Tensor

    init() throws {
        answers = try Fixtures.decode(Answers.self, "exported.json")
        let shape = [answers.images, 3, answers.size, answers.size]
        let values = (0..<shape.reduce(1, *)).map { Float(sin(0.1 + 0.37 * Double($0))) }
        images = try Tensor(values, shape: shape)
    }

    private static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/models/\(name)").path
    }

    private func model(
        _ name: String, classes: Int? = nil, size: Int? = nil, batch: Int? = nil,
        input: DType = .float32, output: ExportedModel.Output = .logits
    ) throws -> ExportedModel {
        try ExportedModel(
            path: Self.path("exported-\(name).pt"), format: .torchScript,
            classes: classes ?? answers.classes, size: size ?? answers.size, batch: batch,
            input: input, output: output, device: .cpu)
    }

    private func expect(
        _ found: Tensor, _ expected: [Float], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let values = try found.floats()
        #expect(values.count == expected.count, sourceLocation: sourceLocation)
        let most = zip(values, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(most < 1e-5, sourceLocation: sourceLocation)
    }

    @Test("answer as PyTorch does, whether alone or among other outputs") func logits() throws {
        for name in ["logits", "named"] { try expect(model(name).logits(images), answers.logits) }
    }

    @Test("a package of AOTInductor answers as PyTorch does, in any batch") func package() throws {
        let model = try ExportedModel(
            path: Self.path("exported-logits.pt2"), format: .aotInductor, classes: answers.classes,
            size: answers.size, device: .cpu)
        try expect(model.logits(images), answers.logits)
        let one = try images.narrowed(dimension: 0, start: 0, count: 1)
        try expect(model.logits(one), Array(answers.logits.prefix(answers.classes)))
    }

    @Test("probabilities come to the same responses") func probabilities() throws {
        let logits = try model("probabilities", output: .probabilities).logits(images)
        let expected = try Tensor(answers.logits, shape: [answers.images, answers.classes])
        try expect(logits.softmax(), expected.softmax().floats())
    }

    @Test("a probability that half precision rounded to nothing is no infinite logit")
    func underflow() throws {
        let shares: [Float] = [0, 0.25, 0.75, 0, 0, 0]
        let logits = try Tensor(shares, shape: [2, 3]).to(.float16).to(.float32)
            .logitsOfProbabilities()
        #expect(try logits.floats().allSatisfy(\.isFinite))
        let third = Float(1) / 3
        try expect(logits.softmax(), Array(shares.prefix(3)) + [third, third, third])
    }

    @Test("a batch that is fixed is kept to, whatever is asked; images are of the type it takes")
    func fixed() throws {
        let model = try model("three", batch: 3, input: .float16)
        // Five images are three and two, two are two of three.
        try expect(model.logits(images), answers.half)
        let two = try images.narrowed(dimension: 0, start: 0, count: 2)
        try expect(model.logits(two), Array(answers.half.prefix(2 * answers.classes)))
    }

    @Test("what does not fit is told when it is loaded") func misfits() throws {
        func message(_ make: () throws -> ExportedModel) -> String {
            do {
                _ = try make()
                return "none"
            } catch { return "\(error)" }
        }
        let wrong = message { try model("logits", classes: 5) }
        #expect(
            wrong.hasSuffix(
                "exported-logits.pt: answers images [2, 3, 12, 12] with float32 [2, 4], expected "
                    + "[2, 5]; it is of other classes, or its first output is not the logits"))
        // A batch of two for one that takes three, and float32 for float16.
        #expect(
            message { try model("three") }.contains("exported-three.pt: does not answer images"))
        let missing = message {
            try ExportedModel(
                path: "/no/such.pt", format: .torchScript, classes: 4, size: 12, device: .cpu)
        }
        #expect(missing == "exported module: /no/such.pt: No such file or directory")
        for format in ExportedModule.Format.allCases {
            let other = message {
                try ExportedModel(
                    path: Self.path("exported.json"), format: format, classes: 4, size: 12,
                    device: .cpu)
            }
            #expect(other.contains("exported.json: cannot be run as \(format.title): "), "\(other)")
            #expect(!other.contains("\n"))
        }
    }

    @Test("some of a model's classes have its probabilities over their sum") func selected() throws
    {
        let all = try model("logits")
        let some = try SelectedClasses([2, 0], of: all, on: .cpu)
        #expect(some.classes == 2 && some.imageSize == 12)
        let found = try some.logits(images).softmax().floats()
        let rows = try all.logits(images).softmax().floats()
        for image in 0..<answers.images {
            let row = rows[image * 4..<image * 4 + 4]
            let (two, zero) = (row[row.startIndex + 2], row[row.startIndex])
            #expect(abs(found[image * 2] - two / (two + zero)) < 1e-6)
            #expect(abs(found[image * 2 + 1] - zero / (two + zero)) < 1e-6)
        }
        for wrong in [-1, 4] {
            #expect(
                errorText { _ = try SelectedClasses([3, wrong, 0], of: all, on: .cpu) }
                    == "class map: expected indices from 0 to 3, found \(wrong)")
        }
    }
}
