import Torch

/// A graph half computed: the values that are still needed, and which node comes next.
///
/// A copy goes on from where it was taken, with whatever its own graph is from there on.
struct GraphCourse {
    private var graph: Graph
    private var values: [String: Tensor]
    private var uses: [String: Int]
    private(set) var position = 0

    init(_ graph: Graph, _ images: Tensor) {
        self.graph = graph
        values = [graph.input.name: images]
        uses = graph.uses
    }

    /// The node that comes next; nil at the end.
    var next: Graph.Node? {
        position < graph.nodes.count ? graph.nodes[position] : nil
    }

    /// Computes a node.
    ///
    /// - Returns: it and its operands; nil at the end.
    @discardableResult
    mutating func advance() throws(TorchError) -> (node: Graph.Node, inputs: [Tensor])? {
        guard let node = next else { return nil }
        return (node, try compute(node, as: node.operation) { (value, _) in value })
    }

    /// Computes the next node as another operation on other operands.
    mutating func advance(
        as operation: any GraphOperation, _ change: (Tensor, String) throws(TorchError) -> Tensor
    ) throws(TorchError) {
        guard let node = next else { return }
        _ = try compute(node, as: operation, change)
    }

    /// - Parameter change: what becomes of an operand, by the name of its value.
    /// - Returns: the operands.
    private mutating func compute(
        _ node: Graph.Node, as operation: any GraphOperation,
        _ change: (Tensor, String) throws(TorchError) -> Tensor
    ) throws(TorchError) -> [Tensor] {
        var inputs: [Tensor] = []
        for name in node.inputs {
            guard let value = values[name] else {
                preconditionFailure("nodes come in the order of their values")
            }
            inputs.append(try change(value, name))
        }
        values[node.output] = try operation.evaluate(inputs)
        for input in node.inputs {
            uses[input, default: 0] -= 1
            if uses[input] == 0 { values[input] = nil }
        }
        position += 1
        return inputs
    }

    /// The result, once all is computed.
    func logits() throws(TorchError) -> Tensor {
        guard let logits = values[Graph.output] else {
            preconditionFailure("the logits are what a graph ends with")
        }
        return try logits.to(.float32)
    }
}
