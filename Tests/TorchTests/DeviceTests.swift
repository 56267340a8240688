import Testing

@testable import Torch

@Suite("Device") struct DeviceTests {
    @Test("names are read and written alike") func names() throws {
        #expect(try Device(parsing: "cpu") == .cpu)
        #expect(try Device(parsing: "cuda") == .cuda(0))
        #expect(try Device(parsing: "cuda:3") == .cuda(3))
        #expect(Device.cpu.description == "cpu" && Device.cuda(1).description == "cuda:1")
        #expect(DType(rawValue: "bfloat16") == .bfloat16 && DType(rawValue: "double") == nil)
    }

    @Test(
        "other names are errors",
        arguments: ["", "gpu", "cpu:0", "cuda:", "cuda:-1", "cuda:+1", "cuda:999", "cuda:1:2"])
    func badNames(name: String) {
        #expect(
            errorText { _ = try Device(parsing: name) }
                == "device: expected cpu, cuda or cuda:N, found '\(name)'")
    }

    @Test("without CUDA the error says what to do, and nothing else breaks") func noCUDA() throws {
        // On a machine with a GPU this test has nothing to show.
        guard !Device.isCUDAAvailable else { return }
        let text = errorText { _ = try Tensor.zeros([2], device: .cuda(0)) }
        #expect(
            text.hasPrefix("full: no CUDA in this libtorch: run tools/setup --cuda (")
                || text.hasPrefix("full: no CUDA device: ")
                || text.hasPrefix("full: CUDA must be loaded before the first backward pass"),
            "\(text)")
        #expect(throws: TorchError.self) { try Tensor.ones([1]).to(.cuda(0)) }
        #expect(throws: TorchError.self) { try ParameterStore(device: .cuda(0), seed: 1) }
        #expect(try Tensor.ones([2]).floats() == [1, 1])
    }

    @Test("with CUDA, numbers agree with the CPU's", .enabled(if: Device.isCUDAAvailable))
    func cuda() throws {
        let x = try Tensor.arange(35, dtype: .float32).reshaped([5, 7])
        let y = try x.to(.cuda(0))
        #expect(y.device == .cuda(0))
        #expect(
            try isClose(y.linear(y), x.linear(x), tolerance: 1e-5))
        #expect(
            errorText { _ = try Tensor.zeros([1], device: .cuda(99)) }.contains("no device cuda:99")
        )
    }

    @Test("the number of threads is positive") func threads() throws {
        let count = Threads.count
        #expect(count > 0)
        try Threads.setCount(count)
        #expect(
            errorText { try Threads.setCount(0) } == "threads: expected a positive count, found 0")
    }
}
