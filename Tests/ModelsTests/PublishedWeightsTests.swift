import Testing
import Torch

@testable import Models

@Suite("Loading published weights") struct PublishedWeightsTests {
    private let micro: any ImageClassifier
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/w.safetensors" }

    init() throws {
        micro = try Architecture.microBEiT.makeNetwork(classes: 10)
        folder = try TemporaryFolder()
    }

    @Test("the authors' files, which hold the relative position index, are taken") func index()
        throws
    {
        var tensors = micro.store.tensors
        // timm's gen_relative_position_index, as ParityTests has checked it.
        let index = try relativePositionIndex(side: 8, device: .cpu).reshaped([65, 65])
        for block in 0..<4 { tensors["blocks.\(block).attn.relative_position_index"] = index }
        #expect(try micro.load(folder.file(tensors)) == [])
        tensors["blocks.2.attn.relative_position_index"] =
            try index.transposed(0, 1).contiguous()
        let error = #expect(throws: TorchError.self) { try micro.load(folder.file(tensors)) }
        #expect(
            error?.message
                == "\(path): 'blocks.2.attn.relative_position_index' is not what follows from this "
                + "architecture: the weights belong to another")
    }

    @Test("weights of other classes are refused with both counts") func classes() throws {
        let other = try Architecture.microBEiT.makeNetwork(classes: 7)
        let wrapped = try folder.file(
            Dictionary(
                uniqueKeysWithValues: other.store.tensors.map { ("module.\($0.key)", $0.value) }))
        let error = #expect(throws: TorchError.self) { try micro.load(wrapped) }
        #expect(error?.message == "\(path): the network has 10 classes, the weights 7")
        #expect(try Architecture.microBEiT.classes(of: wrapped) == 7)
    }

    @Test("a training begins with weights of other classes, but for the head") func beginning()
        throws
    {
        let other = try Architecture.microBEiT.makeNetwork(classes: 7, seed: 5)
        let file = try folder.file(other.store.tensors)
        let drawn = try Architecture.microBEiT.makeNetwork(classes: 10, seed: 3)
        let network = try Architecture.microBEiT.makeNetwork(classes: 10, seed: 3)
        #expect(
            try network.begin(with: file)
                == ["\(path): its head for 7 classes is left, and one for 10 drawn"])
        for (name, tensor) in network.store.tensors {
            let source = name.hasPrefix("head.") ? drawn : other
            let expected = try #require(source.store.tensors[name])
            #expect(try tensor.floats() == expected.floats(), "\(name)")
        }
        // Of as many classes the head comes along.
        let same = try Architecture.microBEiT.makeNetwork(classes: 7)
        #expect(try same.begin(with: file) == [])
        #expect(
            try same.store.tensors["head.bias"]?.floats()
                == other.store.tensors["head.bias"]?.floats())
    }

    @Test("a file without a head says what it holds instead") func headless() throws {
        let file = try folder.file(
            Dictionary(
                uniqueKeysWithValues: (0..<9).map { ("encoder.\($0)", try Tensor.zeros([])) }))
        let error = #expect(throws: TorchError.self) {
            try Architecture.resnet(.layers18).classes(of: file)
        }
        #expect(
            error?.message
                == "\(path): 'fc.weight', which has a row for each class, is missing; expected "
                + "torchvision's, timm's, Hugging Face's or SuperGradients' names, found 'encoder.0', "
                + "'encoder.1', 'encoder.2', 'encoder.3', 'encoder.4' and 4 more")
    }

    @Test("a head of no rows, or of more than there are classes, makes no network") func rows()
        throws
    {
        for rows in [0, 1 << 40] {
            let file = try folder.file(["fc.weight": Tensor.zeros([rows, 0])])
            let error = #expect(throws: TorchError.self) {
                try Architecture.resnet(.layers18).classes(of: file)
            }
            #expect(
                error?.message
                    == "\(path): 'fc.weight' has \(rows) rows; expected 1 to 1000000 classes")
        }
    }

    @Test("torchvision's oldest files, without counters of batches, are taken") func counters()
        throws
    {
        let network = try Architecture.resnet(.layers18).makeNetwork(classes: 3)
        let tensors = network.store.tensors.filter { !$0.key.hasSuffix("num_batches_tracked") }
        #expect(try network.load(folder.file(tensors)) == [])
    }
}
