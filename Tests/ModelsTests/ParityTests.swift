import Foundation
import Testing
import Torch

@testable import Models

@Suite("Parity with torchvision and timm") struct ParityTests {
    let reference: Reference

    init() throws { reference = try Reference.load() }

    @Test("the formula of the fixtures is the generator's") func formula() throws {
        for (name, values) in reference.formula.u {
            for (index, value) in values.enumerated() { #expect(Fixtures.u(name, index) == value) }
        }
    }

    @Test("the checker sees a difference") func checkerCanFail() {
        #expect(largestDifference([1, 2], [1, 2.001]) > 5e-4)
        #expect(largestDifference([1], [1, 2]) == .infinity)
        #expect(largestDifference([.nan, 1], [.nan, 1]) == .infinity)
    }

    // float32 PyTorch itself is within 3e-6 of the float64 numbers.
    @Test("ResNet logits agree with torchvision to 1e-4", arguments: [0, 1])
    func resnet(_ index: Int) throws {
        let expected = reference.resnets[index]
        let published = try #require(PublishedNetwork.named(expected.name))
        let network = try published.architecture.makeNetwork(classes: expected.classes)
        try Fixtures.fill(network)
        let logits = try withoutGrad {
            try network.logits(
                Fixtures.tensor("input", expected.input), mode: .evaluation
            ).floats()
        }
        #expect(largestDifference(logits, expected.logits.flatMap { $0 }) < 1e-4)
    }

    @Test("BEiT logits agree with timm to 1e-4", arguments: [0, 1])
    func beit(_ index: Int) throws {
        let expected = reference.beits[index]
        let network = try expected.network()
        try Fixtures.fill(network)
        let logits = try withoutGrad {
            try network.logits(
                Fixtures.tensor("input", expected.input), mode: .evaluation
            ).floats()
        }
        #expect(largestDifference(logits, expected.logits.flatMap { $0 }) < 1e-4)
    }

    @Test("gradients and running statistics of ResNet-18 agree with torchvision")
    func resnetGradients() throws {
        let expected = try #require(reference.gradients["resnet18"])
        let network = try Architecture.resnet(.layers18)
            .makeNetwork(classes: #require(expected.classes))
        try expected.check(network)
    }

    @Test("gradients of BEiT agree with timm") func beitGradients() throws {
        let expected = try #require(reference.gradients["grid8"])
        let grid = try #require(reference.beits.first { $0.name == "grid8" })
        try expected.check(grid.network())
    }

    @Test("the relative position index is timm's") func positionIndex() throws {
        let index = reference.relativePositionIndex
        for (side, rows) in [(2, index.window2), (3, index.window3)] {
            let ours = try relativePositionIndex(side: side, device: .cpu).int64s().map(Int.init)
            #expect(ours == rows.flatMap { $0 })
        }
        let ours = try relativePositionIndex(side: 14, device: .cpu).int64s().map(Int.init)
        for entry in index.window14 { #expect(ours[entry[0] * 197 + entry[1]] == entry[2]) }
        #expect(ours.reduce(0, +) == index.window14Sum)
    }
}
