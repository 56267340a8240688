import Torch

/// What a network computes in evaluation, operation by operation: the form in which it is written for
/// other runtimes, and changed on the way there.
///
/// A network lists its operations once (`GraphBuilder`). The graph can be evaluated here, so that
/// whatever is done to it (normalizations folded, layers quantized) is measured by the same numbers
/// that are written, and it can be written as ONNX.
///
/// Shapes are those of one image: the batch comes before them and may be of any size.
package struct Graph {
    /// An operation, where its operands come from, and what its result is called.
    package struct Node {
        /// Unique in the graph: the layer's path, or the operation's kind and a number.
        package let name: String
        package var operation: any GraphOperation
        /// Names of values.
        package var inputs: [String]
        /// The name of the value that it makes.
        package var output: String
    }

    /// What goes into a graph.
    package enum Input: Equatable, Sendable {
        /// `[N, 3, H, W]`, float32, normalized.
        case images
        /// `[N, H, W, 3]`, uint8, as decoded.
        case pixels
    }

    package internal(set) var input: Input
    /// The side of the images, in pixels.
    package let size: Int
    /// In an order in which each follows those that it takes values of.
    package internal(set) var nodes: [Node]
    /// The shape of each value for one image.
    package internal(set) var shapes: [String: [Int]]
    /// Rows of the logits.
    package let classes: Int

    /// The name of the result, `[N, classes]`.
    package static let output = "logits"

    /// How often each value is taken, the result by whoever asked for it.
    var uses: [String: Int] {
        nodes.reduce(into: [Self.output: 1]) { uses, node in
            for input in node.inputs { uses[input, default: 0] += 1 }
        }
    }
}

extension Graph.Input {
    /// The value's name.
    package var name: String {
        switch self {
        case .images: "images"
        case .pixels: "pixels"
        }
    }
}
