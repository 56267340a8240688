import Torch

/// A step of a graph, with the three faces that every step has: what shape it gives, what it computes
/// here, and how ONNX says it.
package protocol GraphOperation {
    /// What nodes of this kind are called that have no weights to be named for.
    var label: String { get }

    /// What it holds, with the names that files give it.
    var weights: [GraphWeight] { get }

    /// The shape of its result for one image.
    ///
    /// - Parameter inputs: the operands' shapes for one image.
    /// - Returns: nil if it does not take such operands.
    func shape(of inputs: [[Int]]) -> [Int]?

    /// Computes it for a batch.
    func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor

    /// Adds it to a model.
    ///
    /// - Parameter node: its name and those of its operands and result.
    func write(_ node: Graph.Node, to model: inout ONNXGraph) throws(TorchError)
}

extension GraphOperation {
    package var weights: [GraphWeight] { [] }
}

/// An operation of one value whose result has the value's shape.
package protocol ShapeKeepingOperation: GraphOperation {}

extension ShapeKeepingOperation {
    package func shape(of inputs: [[Int]]) -> [Int]? { inputs.count == 1 ? inputs[0] : nil }
}

/// An operation that multiplies by weights, which integer hardware does in integers.
package protocol WeightedOperation: GraphOperation {
    /// Its first dimension is that of the results' channels.
    var weight: GraphWeight { get set }
    /// One number for each of these channels.
    var bias: GraphWeight? { get set }
}

extension WeightedOperation {
    package var weights: [GraphWeight] { [weight] + [bias].compactMap { $0 } }
}

/// A tensor of a graph.
package struct GraphWeight {
    /// The name of the network's parameter, where it is one.
    package let name: String
    /// float32, on the network's device. Of quantized weights the values that the integers stand for.
    package let tensor: Tensor
    /// As what integers it is stored; nil for floats.
    package var integers: Integers?

    /// Integers that are multiplied by a scale for each entry of the first dimension.
    package struct Integers {
        package enum Width: Sendable { case int8, int32 }

        package let width: Width
        package let scales: [Float]
    }

    package init(_ name: String, _ tensor: Tensor, integers: Integers? = nil) {
        (self.name, self.tensor, self.integers) = (name, tensor, integers)
    }
}
