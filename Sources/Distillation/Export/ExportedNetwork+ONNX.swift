import Base
import Foundation
import Graphs
import Models
import Torch

/// How a graph is changed on its way to ONNX.
package struct ONNXOptions: Sendable, Equatable {
    /// Whether batch normalizations become part of the convolutions before them.
    package var foldsBatchNorms = false
    /// What the model takes.
    package var input = Graph.Input.images

    package init(foldsBatchNorms: Bool = false, input: Graph.Input = .images) {
        (self.foldsBatchNorms, self.input) = (foldsBatchNorms, input)
    }
}

extension ExportedNetwork {
    /// The network's graph of images of its size.
    ///
    /// - Throws: `TorchError` if the family has none.
    package func graph(foldsBatchNorms: Bool) throws(TorchError) -> Graph {
        let graph = try network.graph(imageSize: preprocessing.size)
        return foldsBatchNorms ? try graph.foldingBatchNorms() : graph
    }

    /// Writes an ONNX model's folder.
    ///
    /// - Parameters:
    ///   - graph: what the network computes, of normalized images.
    ///   - quantized: whether that is in 8 bits.
    package func writeONNX(
        _ graph: Graph, _ options: ONNXOptions, quantized: Bool,
        to folder: borrowing ExportFolder, _ golden: GoldenAnswers
    ) throws {
        let written =
            options.input == .images
            ? graph
            : graph.takingPixels(mean: preprocessing.mean, std: preprocessing.std)
        let model = try ONNXModel(
            written, name: model,
            documentation: "\(model) of \(classes.count) classes, trained by recipe \(recipe.name)",
            metadata: metadata(options, quantized: quantized))
        try model.write(in: folder.path)
        try golden.write(to: folder, quantized: quantized ? graph : nil)
        var facts = facts(.onnx)
        // What the run measured is of its floats.
        if quantized { facts["measured"] = nil }
        facts["onnx"] = [
            "opset": .integer(ONNXModel.opset), "ir_version": .integer(ONNXModel.version),
            "input": .text(options.input.name), "output": .text(Graph.output),
            "fold_bn": .truth(options.foldsBatchNorms), "int8": .truth(quantized),
        ]
        try folder.publish(facts)
    }

    /// What the model says of itself.
    private func metadata(
        _ options: ONNXOptions, quantized: Bool
    ) throws -> KeyValuePairs<String, String> {
        [
            "understudy.classes": try JSONValue.list(classes.map { .text($0) }).line(),
            "understudy.preprocessing": try preprocessingValue.line(),
            "understudy.normalization": options.input == .images ? "outside" : "inside",
            "understudy.recipe": recipeText,
            "understudy.weights": weights,
            "understudy.weights_sha256": digest,
            "understudy.precision": quantized ? "int8" : "float32",
        ]
    }
}
