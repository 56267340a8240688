import Foundation
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
        guard !isCUDAAvailable else { return }
        let text = errorText { _ = try Tensor.zeros([2], device: .cuda(0)) }
        #expect(
            text.hasPrefix("full: no CUDA in this libtorch (")
                || text.hasPrefix("full: no CUDA device: ")
                || text.hasPrefix("full: CUDA must be loaded before the first backward pass"),
            "\(text)")
        #expect(throws: TorchError.self) { try Tensor.ones([1]).to(.cuda(0)) }
        #expect(throws: TorchError.self) { try ParameterStore(device: .cuda(0), seed: 1) }
        #expect(try Tensor.ones([2]).floats() == [1, 1])
    }

    @Test("with CUDA, numbers agree with the CPU's", .enabled(if: isCUDAAvailable))
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

    @Test("what is asked about a GPU that is not there is an error, too") func noGPU() throws {
        guard !isCUDAAvailable else { return }
        let texts = [
            errorText { _ = try CUDADevice(index: 0) }, errorText { _ = try CUDAVersions() },
            errorText { try Device.cuda(0).synchronize() },
            errorText { _ = try Device.cuda(0).peakMemory() },
        ]
        // Another test's operations may have come before: then it is too late to ask.
        for text in texts {
            #expect(
                text.contains(": no CUDA ") || text.contains(": CUDA must be loaded before "),
                "\(text)")
        }
    }

    @Test("the CPU has always done what it was given, and counts no memory") func processor() throws
    {
        try Device.cpu.synchronize()
        #expect(try Device.cpu.peakMemory() == nil)
    }

    @Test("libtorch says its version and where it is") func libtorch() throws {
        let library = try Libtorch()
        #expect(Libtorch.version.hasPrefix("2.11."))
        #expect(access("\(library.folder)libtorch_cpu.so", R_OK) == 0, "\(library.folder)")
        #expect(!library.instructions.isEmpty)
    }

    @Test("a GPU describes itself", .enabled(if: isCUDAAvailable)) func gpu() throws {
        let gpu = try CUDADevice(index: 0)
        #expect(!gpu.name.isEmpty && gpu.memory > 1 << 30 && gpu.multiprocessors > 0)
        #expect(try CUDAVersions().runtime.hasPrefix("1"))
        let held = try Tensor.zeros([1 << 20], device: .cuda(0))
        try Device.cuda(0).synchronize()
        #expect(try Device.cuda(0).peakMemory() ?? 0 >= held.count * 4)
    }

    @Test("the number of threads is positive") func threads() throws {
        let count = Threads.count
        #expect(count > 0)
        try Threads.setCount(count)
        #expect(
            errorText { try Threads.setCount(0) } == "threads: expected a positive count, found 0")
    }
}

/// Whether there is a GPU here.
private let isCUDAAvailable = (try? Device.cudaCount()) != nil
