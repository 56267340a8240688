import Foundation
import Testing
import Torch

@testable import Distillation

@Suite("The mean of weights") struct WeightAverageTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Writes a file of one tensor and a count.
    private func file(_ name: String, _ tensor: Tensor, as key: String = "w") throws -> String {
        let path = "\(scratch.path)/\(name).safetensors"
        try SafetensorsFile.write(
            [(key, tensor), ("count", Tensor([Int64(7)], shape: []))], to: path)
        return path
    }

    private func refusal(_ paths: [String]) -> String {
        let error = #expect(throws: TrainingError.self) { try WeightAverage.mean(of: paths) }
        return error?.description.replacingOccurrences(of: scratch.path, with: "…") ?? ""
    }

    @Test("of three files it is the plain mean") func plain() throws {
        let rows: [[Float]] = [[1, 2], [3, 5], [8, 11]]
        let paths = try rows.enumerated().map { index, row in
            try file("\(index)", Tensor(row, shape: [2]))
        }
        let mean = try WeightAverage.mean(of: paths)
        #expect(mean.map(\.name) == ["w", "count"])
        #expect(try mean[0].tensor.floats() == [4, 6])
        #expect(try mean[1].tensor.int64s() == [7])
    }

    // 1 and 1 + 2^-7 are neighbors in bfloat16, 1 and 1 + 2^-10 in float16: the mean of one and
    // three of them is a quarter of a step from the upper one, which a running mean in the narrow
    // type cannot come to.
    @Test(
        "half precision is averaged in float32 and keeps its type",
        arguments: [
            (DType.bfloat16, Float(0x1p-7)), (.float16, 0x1p-10),
        ])
    func half(dtype: DType, step: Float) throws {
        let values: [Float] = [1, 1 + step, 1 + step, 1 + step]
        let paths = try values.enumerated().map { index, value in
            try file("\(index)", Tensor([value, 2 * value], shape: [2]).to(dtype))
        }
        let mean = try WeightAverage.mean(of: paths)
        #expect(mean[0].tensor.dtype == dtype)
        #expect(try mean[0].tensor.floats() == [1 + step, 2 + 2 * step])
        let two = try WeightAverage.mean(of: [
            file("a", Tensor([1, 1] as [Float], shape: [2]).to(dtype)),
            file("b", Tensor([3, 1.5] as [Float], shape: [2]).to(dtype)),
        ])
        #expect(try two[0].tensor.floats() == [2, 1.25])
    }

    @Test("files of other names, shapes or types are refused") func different() throws {
        let first = try file("a", Tensor([1, 2] as [Float], shape: [2]))
        let named = try file("b", Tensor([1, 2] as [Float], shape: [2]), as: "v")
        #expect(
            refusal([first, named])
                == "…/b.safetensors and …/a.safetensors hold different networks: only one has v, w")
        let shaped = try file("c", Tensor([1, 2] as [Float], shape: [1, 2]))
        #expect(
            refusal([first, shaped])
                == "…/c.safetensors: w is float32 [1, 2], in …/a.safetensors float32 [2]")
        let typed = try file("d", Tensor([1, 2] as [Float], shape: [2]).to(.bfloat16))
        #expect(
            refusal([first, typed])
                == "…/d.safetensors: w is bfloat16 [2], in …/a.safetensors float32 [2]")
        #expect(refusal([]) == "no weights to average; name at least one file")
    }

    @Test("numbers that are not finite are refused by file and tensor") func notFinite() throws {
        let good = try file("good", Tensor([1, 2] as [Float], shape: [2]))
        for value in [Float.nan, .infinity] {
            let bad = try file("bad", Tensor([1, value], shape: [2]))
            for paths in [[bad], [good, bad], [bad, good]] {
                #expect(
                    refusal(paths) == "…/bad.safetensors: w holds numbers that are not finite")
            }
        }
        let large = try file("large", Tensor([1, Float.greatestFiniteMagnitude], shape: [2]))
        #expect(refusal([large, large]) == "the mean of w is not finite; leave out a file")
    }
}
