import Foundation
import Testing
import Torch

@testable import understudy

@Suite("Doctor") struct DoctorTests {
    private func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("says what the machine has, with the libraries in use") func machine() throws {
        let run = try Program.run(["doctor", "--json"], in: Folder())
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
        let machine = try #require(try json(run.output)["machine"] as? [String: Any])
        #expect(machine["libtorch"] as? String == "2.11.0")
        #expect(machine["cores"] as? Int ?? 0 >= 1 && machine["threads"] as? Int ?? 0 >= 1)
        let libraries = try #require(machine["libraries"] as? [String: String])
        for name in ["libtorch_cpu", "libc", "libjpeg"] {
            let path = try #require(libraries[name], "\(name)")
            #expect(FileManager.default.fileExists(atPath: path), "\(path)")
        }
        let cuda = try #require(machine["cuda"] as? [String: Any])
        let devices = try #require(cuda["devices"] as? [Any])
        #expect(devices.isEmpty == (cuda["fault"] != nil))
        #expect(try json(run.output)["checks"] == nil)
    }

    @Test("the CPU agrees with itself in every check that is quick", .timeLimit(.minutes(5)))
    func processor() throws {
        let quick = [
            "mixing", "loss", "vit", "mobilenet", "optimizers", "weights", "cache",
        ]
        let run = try Program.run(
            ["doctor", "--device", "cpu", "--json"] + quick.flatMap { ["--check", $0] },
            in: Folder())
        #expect(run.status == 0, "\(run.errors)")
        let checks = try #require(try json(run.output)["checks"] as? [[String: Any]])
        #expect(checks.map { $0["check"] as? String } == quick)
        for check in checks {
            #expect(check["fault"] == nil, "\(check)")
            let comparisons = try #require(check["comparisons"] as? [[String: Any]])
            #expect(!comparisons.isEmpty)
            for comparison in comparisons {
                #expect(comparison["holds"] as? Bool == true, "\(comparison)")
                // Only bfloat16 is compared with something else.
                if (comparison["what"] as? String)?.hasPrefix("bf16") != true {
                    #expect(comparison["difference"] as? Double == 0, "\(comparison)")
                }
            }
        }
        let mixed = try #require(checks.first?["comparisons"] as? [[String: Any]])
        let names = mixed.compactMap { $0["what"] as? String }
        for mode in ["unmixed", "mixup", "cutmix"] {
            #expect(names.contains { $0.hasPrefix("\(mode) images") }, "\(names)")
        }
    }

    @Test("a comparison fails beyond its tolerance, for other shapes and for what is no number")
    func comparisons() throws {
        let reference: [Float] = [3, 4]
        let near = DeviceComparison.relative("x", [3, 4.5], to: reference, tolerance: 0.2)
        #expect(near.difference == 0.1 && near.holds && near.what == "x, relative")
        #expect(!DeviceComparison.relative("x", [3, 5.5], to: reference, tolerance: 0.2).holds)
        #expect(DeviceComparison.relative("x", [0, 0], to: [0, 0], tolerance: 0).holds)
        #expect(!DeviceComparison.relative("x", [0, 1e-9], to: [0, 0], tolerance: 1).holds)
        let largest = DeviceComparison.largest("x", [1, 4], to: reference, tolerance: 1)
        #expect(largest.difference == 2 && !largest.holds)
        let count = DeviceComparison.count("x", [1, 2, 3], to: [1, 3, 2])
        #expect(count.difference == 2 && !count.holds)
        #expect(DeviceComparison.count("x", [1, 2], to: [1, 2]).holds)
        for values: [Float] in [[3], [.nan, 4], [3, .nan], [.infinity, 4], []] {
            let both = [
                DeviceComparison.relative("x", values, to: reference, tolerance: 1e9),
                .largest("x", values, to: reference, tolerance: 1e9),
            ]
            for comparison in both { #expect(!comparison.holds, "\(values) \(comparison)") }
            let written = try both[0].json()
            #expect(written.contains(#""difference":null,"holds":false"#), "\(written)")
        }
    }

    @Test("a failed comparison, or a check that cannot run, is exit status 1") func status() throws
    {
        let folder = try Folder()
        // Nothing can be made up where there is no place for it.
        let run = try Program.run(
            ["doctor", "--device", "cpu", "--check", "mixing", "--check", "loss"], in: folder,
            environment: ["TMPDIR": "\(folder.path)/nowhere"])
        #expect(run.status == 1)
        #expect(run.errors == "Error: 1 of 2 checks fail or cannot run\n")
        let lines = run.output.split(separator: "\n")
        #expect(
            lines.contains {
                $0.hasPrefix("mixing        cannot run: ")
                    && $0.hasSuffix("No such file or directory")
            }, "\(run.output)")
        // The next one ran all the same.
        #expect(lines.contains { $0.hasPrefix("loss ") && $0.hasSuffix("ok") }, "\(run.output)")
    }

    @Test("a device that is not there, or is none, is one line") func devices() throws {
        let folder = try Folder()
        for arguments in [["doctor"], ["bench", "student"], ["bench", "training"]] {
            let missing = try Program.run(arguments + ["--device", "cuda:99"], in: folder)
            #expect(missing.status == 1 && missing.output.isEmpty)
            #expect(missing.errors.split(separator: "\n").count == 1, "\(missing.errors)")
            if !isCUDAAvailable {
                #expect(
                    missing.errors.hasPrefix("Error: cuda: no CUDA"), "\(missing.errors)")
            }
            let unknown = try Program.run(arguments + ["--device", "gpu"], in: folder)
            #expect(unknown.status == 64)
            #expect(
                unknown.errors.hasPrefix(
                    "Error: The value 'gpu' is invalid for '--device <device>'"),
                "\(unknown.errors)")
        }
        let alone = try Program.run(["doctor", "--check", "loss"], in: folder)
        #expect(alone.status == 64)
        #expect(
            alone.errors.hasPrefix("Error: --check needs the --device to check"), "\(alone.errors)")
    }
}

@Suite("Bench") struct BenchTests {
    private static let small = [
        "--group", "4", "--rounds", "2", "--warmup", "1", "--precision", "fp32", "--json",
    ]

    private func report(_ arguments: [String]) throws -> [String: Any] {
        let run = try Program.run(["bench"] + arguments + Self.small, in: Folder())
        #expect(run.status == 0, "\(run.errors)")
        let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        return try #require(object as? [String: Any])
    }

    @Test(
        "images/s is the median round's",
        arguments: [
            (["student", "--model", "resnet18", "--size", "32", "--groups", "2"], 8),
            (["teacher", "--model", "beit_micro_patch4_32"], 4),
            (["training", "--model", "resnet18", "--teacher", "beit_micro_patch4_32"], 4),
            (
                [
                    "training", "--model", "resnet18", "--teacher", "beit_micro_patch4_32",
                    "--online",
                ],
                4
            ),
        ])
    func measured(arguments: [String], images: Int) throws {
        let report = try report(arguments)
        let seconds = try #require(report["seconds"] as? [Double])
        #expect(seconds.count == 2 && seconds.allSatisfy { $0 > 0 })
        #expect(report["images"] as? Int == images)
        let rate = try #require(report["images_per_second"] as? Double)
        let median = (seconds[0] + seconds[1]) / 2
        #expect(abs(rate - Double(images) / median) < 1e-6 * rate)
        #expect(report["device"] as? String == "cpu" && report["precision"] as? String == "fp32")
        // On the CPU nobody counts.
        #expect(report["peak_memory"] is NSNull)
    }

    @Test("made images are the same bytes each time, and nothing is written over") func images()
        throws
    {
        let folder = try Folder()
        for name in ["first", "second"] {
            let run = try Program.run(
                ["bench", "images", "--out", name, "--count", "10"], in: folder)
            #expect(run.status == 0, "\(run.errors)")
        }
        let first = try folder.contents("first")
        #expect(first.count == 10 && first["c1/9.jpg"] != nil)
        #expect(first == (try folder.contents("second")))
        #expect(Set(first.values).count == 10)
        let again = try Program.run(["bench", "images", "--out", "first"], in: folder)
        #expect(again.lastError == "Error: first exists; name a folder that does not")
        let foreign = try Program.run(
            ["bench", "training", "--data", "val", "--group", "2"], in: folder)
        #expect(
            foreign.lastError
                == "Error: val holds 4 class folders with JPEGs and not 8; understudy bench images "
                + "makes them")
    }
}

/// Whether there is a GPU here.
private let isCUDAAvailable = (try? Device.cudaCount()) != nil
