import Testing

@testable import Torch

/// Against the same formulas written with operators, on lists of different shapes.
@Suite("Foreach") struct ForeachTests {
    let a: [Tensor]
    let b: [Tensor]
    let c: [Tensor]

    init() throws {
        let generator = try RandomGenerator(seed: 5)
        func list(_ from: Double) throws -> [Tensor] {
            try [[3, 5], [7], [], [2, 1, 3]].map { shape in
                let tensor = try Tensor.empty(shape)
                try tensor.uniform(from: from, to: 2, generator: generator)
                return tensor
            }
        }
        a = try list(0.1)
        b = try list(-2)
        c = try list(0.5)
    }

    /// Runs an update on copies of `a` and compares it with the formula applied one by one.
    /// Fused kernels may round once where the formula rounds twice: 1e-6.
    func check(
        _ update: ([Tensor]) throws -> Void, _ formula: (Int) throws -> Tensor,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let copies = try a.map { try $0.cloned() }
        try update(copies)
        for i in a.indices {
            #expect(
                try isClose(copies[i], try formula(i), tolerance: 1e-6), "tensor \(i)",
                sourceLocation: location)
        }
    }

    @Test("updates equal the formula for every tensor") func updates() throws {
        try check({ try Foreach.add($0, b, scale: -0.5) }) { try a[$0] + b[$0] * -0.5 }
        try check({ try Foreach.add($0, b) }) { try a[$0] + b[$0] }
        try check({ try Foreach.add($0, scalar: 3) }) { try a[$0] + 3 }
        try check({ try Foreach.multiply($0, by: 0.9) }) { try a[$0] * 0.9 }
        try check({ try Foreach.multiply($0, by: b) }) { try a[$0] * b[$0] }
        try check({ try Foreach.divide($0, by: 4) }) { try a[$0] / 4 }
        try check({ try Foreach.divide($0, by: c) }) { try a[$0] / c[$0] }
        try check({ try Foreach.addProducts($0, b, c, scale: 0.1) }) {
            try a[$0] + b[$0] * c[$0] * 0.1
        }
        try check({ try Foreach.addQuotients($0, b, c, scale: -2) }) {
            try a[$0] - b[$0] / c[$0] * 2
        }
        try check({ try Foreach.lerp($0, to: b, weight: 0.25) }) {
            try a[$0] + (b[$0] - a[$0]) * 0.25
        }
        try check({ try Foreach.copy($0, from: b) }) { b[$0] }
    }

    @Test("a factor may be a scalar tensor for each") func scalarFactors() throws {
        let factors = try a.indices.map { try Tensor.full([], Double($0) + 0.5) }
        try check({ try Foreach.multiply($0, by: factors) }) { try a[$0] * (Double($0) + 0.5) }
        try check({ try Foreach.divide($0, by: factors) }) { try a[$0] / (Double($0) + 0.5) }
    }

    @Test("functions that return leave their arguments alone") func results() throws {
        let before = try a.map { try $0.floats() }
        let norms = try Foreach.norms(b)
        let roots = try Foreach.sqrt(a)
        let products = try Foreach.multiplying(a, by: -3)
        for i in a.indices {
            let sum = try b[i].square().sum().sqrt()
            #expect(norms[i].shape == [])
            #expect(try isClose(norms[i], sum, tolerance: 1e-6))
            #expect(try isClose(roots[i], try a[i].sqrt(), tolerance: 0))
            #expect(try isClose(products[i], a[i] * -3, tolerance: 0))
        }
        #expect(try a.map { try $0.floats() } == before)
    }

    @Test("empty lists are allowed, lists of unequal length are not") func lengths() throws {
        #expect(try Foreach.norms([]).isEmpty && Foreach.sqrt([]).isEmpty)
        try Foreach.add([], [])
        try Foreach.addProducts([], [], [])
        #expect(
            errorText { try Foreach.add(a, [b[0]]) }
                == "Foreach.add: expected lists of equal length, found 4 and 1")
        #expect(
            errorText { try Foreach.addProducts(a, b, []) }
                == "Foreach.addProducts: expected lists of equal length, found 4 and 0")
        #expect(
            errorText { try Foreach.copy([a[0], a[1]], from: [b[0], b[3]]) }
                == "Foreach.copy: expected [7], found [2, 1, 3]")
    }

    @Test("parameters are updated inside withoutGrad and keep requiring gradients")
    func parameters() throws {
        let weight = try Tensor.ones([2, 3])
        try weight.setRequiresGrad(true)
        #expect(errorText { try Foreach.multiply([weight], by: 2) }.contains("in-place"))
        try withoutGrad { () throws(TorchError) in try Foreach.multiply([weight], by: 2) }
        #expect(weight.requiresGrad)
        #expect(try weight.floats() == [2, 2, 2, 2, 2, 2])
    }
}
