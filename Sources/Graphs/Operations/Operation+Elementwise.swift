import Torch

extension Operation {
    package struct ReLU: ShapeKeepingOperation {
        package var label: String { "relu" }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].relu()
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add("Relu", node.inputs, node)
        }
    }

    /// min(max(x, 0), 6).
    package struct ReLU6: ShapeKeepingOperation {
        package var label: String { "relu6" }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].relu6()
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            let bounds = [
                model.add("\(node.name).min", [0], isScalar: true),
                model.add("\(node.name).max", [6], isScalar: true),
            ]
            model.add("Clip", node.inputs + bounds, node)
        }
    }

    /// x · hardSigmoid(x).
    package struct HardSwish: ShapeKeepingOperation {
        package var label: String { "hardswish" }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].hardSwish()
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add("HardSwish", node.inputs, node)
        }
    }

    /// min(max(x / 6 + 1/2, 0), 1).
    package struct HardSigmoid: ShapeKeepingOperation {
        package var label: String { "hardsigmoid" }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].hardSigmoid()
        }

        /// ONNX's own slope is 0.2.
        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add(
                "HardSigmoid", node.inputs, node, [.float("alpha", 1.0 / 6), .float("beta", 0.5)])
        }
    }

    /// x · Φ(x), exactly: opset 17 has no operator for it, runtimes join these five again.
    package struct GELU: ShapeKeepingOperation {
        package var label: String { "gelu" }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].gelu()
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            let (x, name) = (node.inputs[0], node.name)
            let root = model.add("\(name).root", [Float(2).squareRoot()], isScalar: true)
            let one = model.add("\(name).one", [1], isScalar: true)
            let half = model.add("\(name).half", [0.5], isScalar: true)
            model.add("Div", [x, root], to: "\(name).quotient")
            model.add("Erf", ["\(name).quotient"], to: "\(name).erf")
            model.add("Add", ["\(name).erf", one], to: "\(name).sum")
            model.add("Mul", [x, "\(name).sum"], to: "\(name).double")
            model.add("Mul", ["\(name).double", half], node)
        }
    }

    /// The sum of two values of one shape.
    package struct Addition: GraphOperation {
        package var label: String { "add" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            inputs.count == 2 && inputs[0] == inputs[1] ? inputs[0] : nil
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0] + inputs[1]
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add("Add", node.inputs, node)
        }
    }

    /// The product of a feature map with one of its shape, or with a number for each channel:
    /// `[C, H, W]` with `[C, 1, 1]`.
    package struct Product: GraphOperation {
        package var label: String { "mul" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            guard inputs.count == 2, inputs[0].count == 3,
                inputs[1] == inputs[0] || inputs[1] == [inputs[0][0], 1, 1]
            else { return nil }
            return inputs[0]
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0] * inputs[1]
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add("Mul", node.inputs, node)
        }
    }

    /// A sum or product with a tensor that broadcasts to each image's value.
    package struct Constant: GraphOperation {
        package enum Kind: Sendable { case sum, product }

        let kind: Kind
        /// As many dimensions as the value has for one image, or fewer.
        let constant: GraphWeight

        package var label: String { kind == .sum ? "offset" : "scale" }
        package var weights: [GraphWeight] { [constant] }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            let own = constant.tensor.shape
            guard inputs.count == 1, own.count <= inputs[0].count,
                zip(own, inputs[0].suffix(own.count)).allSatisfy({ $0 == 1 || $0 == $1 })
            else { return nil }
            return inputs[0]
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            switch kind {
            case .sum: try inputs[0] + constant.tensor
            case .product: try inputs[0] * constant.tensor
            }
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add(kind == .sum ? "Add" : "Mul", [node.inputs[0], model.add(constant)], node)
        }
    }

    /// A product with one number.
    package struct Scaling: ShapeKeepingOperation {
        let factor: Double

        package var label: String { "scaling" }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0] * factor
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            let factor = model.add("\(node.name).factor", [Float(factor)], isScalar: true)
            model.add("Mul", [node.inputs[0], factor], node)
        }
    }
}

extension GraphValue {
    package func relu() throws(TorchError) -> GraphValue { try applying(Operation.ReLU()) }

    package func relu6() throws(TorchError) -> GraphValue { try applying(Operation.ReLU6()) }

    package func hardSwish() throws(TorchError) -> GraphValue {
        try applying(Operation.HardSwish())
    }

    package func hardSigmoid() throws(TorchError) -> GraphValue {
        try applying(Operation.HardSigmoid())
    }

    package func gelu() throws(TorchError) -> GraphValue { try applying(Operation.GELU()) }

    package static func + (left: GraphValue, right: GraphValue) throws(TorchError) -> GraphValue {
        try left.builder.add(Operation.Addition(), to: [left, right])
    }

    package static func + (left: GraphValue, right: GraphWeight) throws(TorchError) -> GraphValue {
        try left.applying(Operation.Constant(kind: .sum, constant: right))
    }

    package static func * (left: GraphValue, right: GraphValue) throws(TorchError) -> GraphValue {
        try left.builder.add(Operation.Product(), to: [left, right])
    }

    package static func * (left: GraphValue, right: GraphWeight) throws(TorchError) -> GraphValue {
        try left.applying(Operation.Constant(kind: .product, constant: right))
    }

    package static func * (left: GraphValue, right: Double) throws(TorchError) -> GraphValue {
        try left.applying(Operation.Scaling(factor: right))
    }
}
