import Base
import Distillation
import Foundation
import Torch

/// What a computation would find on this machine.
struct Machine: Encodable {
    /// This program's version.
    let understudy: String
    let libtorch: String
    /// The instructions that libtorch's kernels use.
    let instructions: String
    /// The processor's name.
    let processor: String
    /// Processors that this process may use.
    let cores: Int
    /// Threads inside one of libtorch's operations.
    let threads: Int
    /// Main memory in bytes.
    let memory: UInt64
    /// Where the shared libraries come from that vary between systems, by name.
    let libraries: [String: String]
    let cuda: CUDA

    /// What there is of CUDA.
    struct CUDA: Encodable {
        let driver: String?
        let runtime: String?
        let cuDNN: String?
        let devices: [GPU]
        /// Why there is none.
        let fault: String?

        enum CodingKeys: String, CodingKey {
            case driver, runtime, devices, fault
            case cuDNN = "cudnn"
        }
    }

    /// One GPU.
    struct GPU: Encodable {
        let device: String
        /// As its driver calls it; `unknown` where that does not answer, which keeps nobody from
        /// computing there.
        let name: String
        let capability: String?
        let multiprocessors: Int?
        let memory: Int?

        init(index: Int) {
            let described = try? CUDADevice(index: index)
            device = Device.cuda(index).description
            name = described?.name ?? "unknown"
            capability = described?.capability
            multiprocessors = described?.multiprocessors
            memory = described?.memory
        }

        var text: String {
            let parts = [
                name, capability.map { "capability \($0)" },
                multiprocessors.map { "\($0) multiprocessors" }, memory?.byteText,
            ]
            return parts.compactMap { $0 }.joined(separator: ", ")
        }
    }

    init() throws {
        // First of all: libtorch finds no CUDA after operations on the CPU.
        cuda = Self.findCUDA()
        let library = try Libtorch()
        understudy = version
        libtorch = Libtorch.version
        instructions = library.instructions
        processor = Self.value(of: "model name", in: "/proc/cpuinfo") ?? "unknown"
        cores = Cores.usable.count
        threads = Threads.count
        memory = ProcessInfo.processInfo.physicalMemory
        libraries = Self.loadedLibraries()
    }

    private static func findCUDA() -> CUDA {
        do {
            let count = try Device.cudaCount()
            let versions = try? CUDAVersions()
            return CUDA(
                driver: versions?.driver, runtime: versions?.runtime, cuDNN: versions?.cuDNN,
                devices: (0..<count).map(GPU.init), fault: nil)
        } catch {
            return CUDA(
                driver: nil, runtime: nil, cuDNN: nil, devices: [], fault: error.message)
        }
    }

    /// The value of the first line `name : value` of a file.
    private static func value(of name: String, in path: String) -> String? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(separator: ":", maxSplits: 1).last?
            .trimmingCharacters(in: .whitespaces)
    }

    private static let reported = [
        "libc10", "libtorch_cpu", "libtorch_cuda", "libcudart", "libcudnn", "libgomp", "libhdf5",
        "libhdf5_serial", "libjpeg", "libpng16", "libstdc++", "libc",
    ]

    private static func loadedLibraries() -> [String: String] {
        // Foundation takes the size 0 of this file at its word.
        guard let maps = fopen("/proc/self/maps", "r") else { return [:] }
        defer { fclose(maps) }
        var buffer: UnsafeMutablePointer<CChar>?
        defer { free(buffer) }
        var capacity = 0
        var found: [String: String] = [:]
        while getline(&buffer, &capacity, maps) > 0, let buffer {
            let line = String(cString: buffer).trimmingCharacters(in: .newlines)
            guard let start = line.firstIndex(of: "/") else { continue }
            let path = String(line[start...])
            let file = path.split(separator: "/").last ?? ""
            let name = String(file.prefix { $0 != "." })
            if reported.contains(name) { found[name] = path }
        }
        return found
    }

    /// A table of name and value.
    var text: String {
        var rows = [
            ("understudy", understudy),
            ("libtorch", "\(libtorch), kernels for \(instructions)"),
            ("processor", "\(processor), \(cores) cores for this process"),
            ("threads", "\(threads) in an operation"),
            ("memory", Int(clamping: memory).byteText),
        ]
        if let fault = cuda.fault {
            rows.append(("CUDA", "none: \(fault)"))
        } else {
            let parts = [
                cuda.runtime ?? "there", cuda.driver.map { "driver \($0)" },
                cuda.cuDNN.map { "cuDNN \($0)" },
            ]
            rows.append(("CUDA", parts.compactMap { $0 }.joined(separator: ", ")))
        }
        rows += cuda.devices.map { ($0.device, $0.text) }
        rows += libraries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, value in
            name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + value
        }.joined(separator: "\n")
    }
}
