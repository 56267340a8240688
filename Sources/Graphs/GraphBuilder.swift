import Torch

/// Takes down what a network does with an image, as the network names it.
///
/// A network calls its layers with a `GraphValue` as it calls them with a tensor; each call adds a
/// node.
package final class GraphBuilder {
    private let names: [ObjectIdentifier: String]
    private let size: Int
    private var nodes: [Graph.Node] = []
    private var shapes: [String: [Int]]
    private var taken: Set<String> = []

    /// - Parameters:
    ///   - store: the network's parameters, by whose names nodes and weights are called.
    ///   - size: the side of the images, in pixels.
    package init(_ store: ParameterStore, size: Int) {
        names = Dictionary(
            store.entries.map { (ObjectIdentifier($0.tensor), $0.name) },
            uniquingKeysWith: { first, _ in first })
        self.size = size
        shapes = [Graph.Input.images.name: [3, size, size]]
    }

    /// The images, `[3, size, size]` each.
    package var images: GraphValue {
        GraphValue(name: Graph.Input.images.name, shape: [3, size, size], builder: self)
    }

    /// A parameter of the store with its name.
    package func weight(_ tensor: Tensor) -> GraphWeight {
        guard let name = names[ObjectIdentifier(tensor)] else {
            preconditionFailure("a tensor that is no parameter has no name")
        }
        return GraphWeight(name, tensor)
    }

    /// Adds a node.
    ///
    /// - Throws: `TorchError` if the operation does not take such operands.
    package func add(
        _ operation: some GraphOperation, to inputs: [GraphValue]
    ) throws(TorchError) -> GraphValue {
        let name = unique(Self.name(of: operation))
        guard let shape = operation.shape(of: inputs.map(\.shape)) else {
            throw TorchError(
                operation: "graph",
                message: "\(name): \(operation.label) takes no operands of the shapes "
                    + inputs.map { "\($0.shape)" }.joined(separator: ", "))
        }
        nodes.append(
            Graph.Node(name: name, operation: operation, inputs: inputs.map(\.name), output: name))
        shapes[name] = shape
        return GraphValue(name: name, shape: shape, builder: self)
    }

    /// The graph that computes these logits.
    package func graph(of logits: GraphValue) -> Graph {
        precondition(logits.shape.count == 1, "logits are one row for each image")
        var nodes = nodes
        for index in nodes.indices {
            nodes[index].inputs = nodes[index].inputs.map {
                $0 == logits.name ? Graph.output : $0
            }
            if nodes[index].output == logits.name { nodes[index].output = Graph.output }
        }
        var shapes = shapes
        shapes[Graph.output] = shapes.removeValue(forKey: logits.name)
        return Graph(
            input: .images, size: size, nodes: nodes, shapes: shapes, classes: logits.shape[0])
    }

    /// A layer's path, where the operation has its weights, which have names of their own below it.
    private static func name(of operation: some GraphOperation) -> String {
        guard let weight = operation.weights.first?.name else { return operation.label }
        let ending = ".weight"
        return weight.hasSuffix(ending)
            ? String(weight.dropLast(ending.count)) : "\(weight).\(operation.label)"
    }

    private func unique(_ name: String) -> String {
        var (found, number) = (name, 1)
        while !taken.insert(found).inserted || found == Graph.output || shapes[found] != nil {
            number += 1
            found = "\(name)_\(number)"
        }
        return found
    }
}

/// A value that a graph is going to compute.
package struct GraphValue {
    let name: String
    /// For one image.
    package let shape: [Int]
    package let builder: GraphBuilder
}

extension GraphValue {
    /// What an operation of this value alone gives.
    package func applying(_ operation: some GraphOperation) throws(TorchError) -> GraphValue {
        try builder.add(operation, to: [self])
    }
}
