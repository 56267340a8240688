import ArgumentParser
import Base
import Foundation
import Torch

/// `understudy doctor`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Shows what this machine has, and checks a device against the CPU.",
        discussion: """
            Without --device: libtorch, processor, GPUs and the libraries in use. With it, the \
            program's paths through that device (mixing, networks in both precisions, optimizers, \
            averages, a cache) are run on made-up data and compared with the CPU, each with its \
            largest difference and what that may be. A second CPU, --device cpu, compares the CPU \
            with itself.

            Exits with 1 if a comparison fails or a check cannot run; the others run all the same.

            Example:
              understudy doctor
              understudy doctor --device cuda:0 --check student --check student-bf16
            """)

    @Option(name: .long, help: "Check this device: cpu, cuda or cuda:N.")
    var device: DeviceChoice?

    @Option(
        name: .customLong("check"), parsing: .singleValue,
        help: ArgumentHelp("Run this check; may be repeated. By default all.", valueName: "name"))
    var checks: [DeviceCheck] = []

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        if device == nil, !checks.isEmpty {
            throw ValidationError("--check needs the --device to check")
        }
    }

    func run() throws {
        // First of all: libtorch finds no CUDA after operations on the CPU.
        let device = try device?.checked()
        if device != nil { try Threads.requireRoom() }
        let machine = try Machine()
        if !json { try StandardStreams.print(machine.text) }
        var findings: [Finding] = []
        if let device {
            if !json { try StandardStreams.print("\n\(device) against the CPU\n\(Finding.title)") }
            Interruption.install()
            for check in checks.isEmpty ? DeviceCheck.allCases : checks {
                if Interruption.requested {
                    throw Interrupted(description: "stopped before the check \(check.rawValue)")
                }
                let finding = Finding(check, on: device)
                if !json { try StandardStreams.print(finding.text) }
                findings.append(finding)
            }
        }
        if json {
            let report = Report(
                machine: machine, device: device?.description,
                checks: device == nil ? nil : findings)
            try StandardStreams.print(report.json())
        }
        let faults = findings.count { !$0.holds }
        guard faults == 0 else {
            throw CommandError("\(faults) of \(findings.count) checks fail or cannot run")
        }
    }

    private struct Report: Encodable {
        let machine: Machine
        let device: String?
        let checks: [Finding]?
    }
}

/// What a check came to.
private struct Finding: Encodable {
    let check: String
    let seconds: Double
    let comparisons: [DeviceComparison]
    /// Why it could not run.
    let fault: String?

    init(_ check: DeviceCheck, on device: Device) {
        let start = ContinuousClock.now
        self.check = check.rawValue
        do {
            comparisons = try check.run(on: device)
            fault = nil
        } catch {
            comparisons = []
            fault = errorText(error)
        }
        seconds = start.duration(to: .now) / .seconds(1)
    }

    var holds: Bool { fault == nil && comparisons.allSatisfy(\.holds) }

    static let title = line("check", "compared", "difference", "at most", "")

    var text: String {
        if let fault { return Self.line(check, "cannot run: \(fault)", "", "", "") }
        return comparisons.map { comparison in
            Self.line(
                check, comparison.what, String(format: "%.1e", comparison.difference),
                String(format: "%.0e", comparison.tolerance), comparison.holds ? "ok" : "FAILS")
        }.joined(separator: "\n")
    }

    private static func line(
        _ check: String, _ what: String, _ difference: String, _ tolerance: String,
        _ verdict: String
    ) -> String {
        let line =
            check.padded(to: 13) + " " + what.padded(to: 43) + " " + difference.flushRight(to: 11)
            + tolerance.flushRight(to: 9) + "  " + verdict
        return line.replacing(/\s+$/, with: "")
    }
}
