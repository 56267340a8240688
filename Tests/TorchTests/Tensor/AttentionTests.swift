import Testing

@testable import Torch

@Suite("Attention") struct AttentionTests {
    /// The result and the gradients of query, key, value and bias.
    private func gradients(
        tokens: Int, kernel: AttentionKernel?, biasNeedsGradient: Bool, offset: Double = 0
    ) throws -> [Tensor] {
        let generator = try RandomGenerator(seed: 3)
        func drawn(_ shape: [Int]) throws -> Tensor {
            let tensor = try Tensor.empty(shape)
            try tensor.normal(std: 0.5, generator: generator)
            return tensor
        }
        var inputs: [Tensor] = []
        for _ in 0..<3 { inputs.append(try drawn([2, 2, tokens, 8])) }
        inputs.append(try drawn([1, 2, tokens, tokens]) + offset)
        for tensor in biasNeedsGradient ? inputs : Array(inputs.dropLast()) {
            try tensor.setRequiresGrad(true)
        }
        let result = try Tensor.attention(
            inputs[0], inputs[1], inputs[2], bias: inputs[3], kernel: kernel)
        try result.square().mean().backward()
        return try [result] + inputs.compactMap { try $0.grad }
    }

    // 577 tokens of a ViT at 384 pixels are 1 more than a multiple of 32; 192 and 704 leave 64 of 128;
    // an offset of -120 puts every row's logarithm of the sum of exponentials below -88.7.
    @Test(
        "both kernels have the same finite gradients at lengths that some backward passes fail at",
        arguments: [(577, 0.0), (192, 0), (192, -120), (704, -120)])
    func lengths(_ tokens: Int, offset: Double) throws {
        for biasNeedsGradient in [true, false] {
            let found = try [AttentionKernel.fused, .products].map {
                try gradients(
                    tokens: tokens, kernel: $0, biasNeedsGradient: biasNeedsGradient,
                    offset: offset)
            }
            #expect(found[0].count == (biasNeedsGradient ? 5 : 4))
            for (fused, products) in zip(found[0], found[1]) {
                #expect(try products.nonFiniteCount() == 0)
                let scale = try products.square().mean().sqrt().item()
                let error = try (fused - products).square().mean().sqrt().item()
                #expect(error < 1e-4 * scale)
            }
        }
    }

    @Test("a bias meets a fused kernel of a GPU only where no gradient is recorded") func choice() {
        for recordsGradient in [true, false] {
            #expect(
                AttentionKernel.chosen(
                    on: .cpu, hasBias: true, recordsGradient: recordsGradient) == .fused)
            #expect(
                AttentionKernel.chosen(
                    on: .cuda(0), hasBias: false, recordsGradient: recordsGradient) == .fused)
        }
        #expect(
            AttentionKernel.chosen(on: .cuda(0), hasBias: true, recordsGradient: true)
                == .products)
        #expect(
            AttentionKernel.chosen(on: .cuda(1), hasBias: true, recordsGradient: false) == .fused)
    }
}
