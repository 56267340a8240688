import ArgumentParser
import Base
import Distillation
import Foundation
import Torch

/// A device as an option names it.
enum DeviceChoice: ExpressibleByArgument, Equatable, CustomStringConvertible {
    /// A named one.
    case device(Device)
    /// `cuda`: the GPU of this process among those that a launcher started on the machine.
    case localGPU

    init?(argument: String) {
        if argument == "cuda" {
            self = .localGPU
        } else if let device = Device(argument: argument) {
            self = .device(device)
        } else {
            return nil
        }
    }

    var description: String {
        switch self {
        case .device(let device): device.description
        case .localGPU: "cuda"
        }
    }

    /// The device, after a check that it is there, with no more threads to compute than there are
    /// cores for them.
    func checked() throws -> Device {
        let device: Device
        switch self {
        case .device(let named): device = named
        case .localGPU:
            let rank = try Share.localRank(environment: ProcessInfo.processInfo.environment) ?? 0
            // A launcher may show each process its own GPU only, which is then the first.
            device = try .cuda(Device.cudaCount() == 1 ? 0 : rank)
        }
        try Self.require(device)
        // libtorch knows of cores and of the affinity, but not of a container's quota. Where it
        // would not take more, its own choice stays: the sums of a training depend on it.
        if !Self.areThreadsChosen, Threads.count > Cores.usable.count {
            try Threads.setCount(Cores.usable.count)
        }
        return device
    }

    /// Whether the user told libtorch how many threads to take, in its own way.
    private static var areThreadsChosen: Bool {
        let environment = ProcessInfo.processInfo.environment
        return ["OMP_NUM_THREADS", "MKL_NUM_THREADS"].contains { environment[$0] != nil }
    }

    /// Checks that the device is there.
    ///
    /// - Throws: `TorchError` where libtorch has no CUDA or finds no device; `CommandError` for an
    ///   index beyond the devices.
    private static func require(_ device: Device) throws {
        guard case .cuda(let index) = device else { return }
        let count = try Device.cudaCount()
        guard index < count else {
            throw CommandError(
                "no \(device): this machine has \(count) CUDA device(s), from cuda:0")
        }
    }
}
