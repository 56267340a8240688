import ArgumentParser
import Foundation
import Testing

@testable import understudy

/// Every command of the program, as it says itself, and a call of each that does its work.
struct Invocations {
    /// A command that does something, by its words: `cache build`.
    struct Command {
        let words: [String]
        /// Its options that take a value, without dashes.
        let options: [String]

        var name: String { words.joined(separator: " ") }
    }

    /// The commands, from the dump that ArgumentParser makes of them.
    static func commands() throws -> [Command] {
        try CommandTree(of: Understudy.self).leaves().map { words, command in
            let options = (command.arguments ?? []).filter { $0.kind == .option }
            return Command(words: words, options: options.compactMap { $0.preferredName?.name })
        }
    }

    /// What a command takes, in `Folder.prepared()`, to do its work quickly; `nil` for a command
    /// that nobody has written here. Outputs have new names each time.
    static func arguments(of command: String) -> [String]? {
        let new = "new-\(UUID().uuidString)"
        let brief = [
            "--set", "schedule.epochs=1", "--set", "schedule.warmup=0", "--set",
            "schedule.cooldown=0", "--set", "checkpoint.every_steps=1000",
        ]
        let small = ["--group", "4", "--rounds", "1", "--warmup", "1", "--precision", "fp32"]
        let micro = "beit_micro_patch4_32"
        return switch command {
        case "init": ["--data", "train", "--out", "\(new).yaml"]
        case "plan": ["--recipe", "student.yaml", "--images", "48"]
        case "views show":
            ["--recipe", "base.yaml", "--slots", "0..<4", "--params", "\(new).json"]
        case "views stats": ["--recipe", "base.yaml", "--slots", "0..<4"]
        case "views bench": ["--recipe", "base.yaml", "--views", "24"]
        case "cache build": ["--recipe", "student.yaml", "--cache", new]
        case "cache info": ["--cache", "cache"]
        case "cache rows": ["--cache", "cache", "--epoch", "0", "--slots", "0..<4"]
        case "cache verify": ["--cache", "cache"]
        case "cache merge": ["--into", new, "cache"]
        case "cache compact": ["--cache", "cache"]
        case "cache convert": ["--cache", "cache", "--into", new, "--encoding", "bounded"]
        case "cache import":
            [
                "--recipe", "student.yaml", "--cache", new, "--from", "images.h5", "--dataset",
                "logits", "--keys", "names", "--logits", "--set", "teacher.card=\(new).yaml",
            ]
        case "cache bench": ["--family", "peaked", "--classes", "10", "--views", "64"]
        case "recipe check": ["base.yaml"]
        case "recipe keys": []
        case "train": ["--recipe", "base.yaml", "--out", new] + brief
        case "eval": ["--teacher", "card.yaml", "--data", "val"]
        case "predict": ["--teacher", "card.yaml", "val/c0/0.jpg"]
        case "average": ["--run", "teacher", "--out", "\(new).safetensors"]
        case "export": ["--run", "teacher", "--out", new]
        case "report": ["teacher", "--out", "\(new).html"]
        case "compare": ["--teacher", "card.yaml", "--run", "teacher", "--data", "val"]
        case "pack": ["--data", "train", "--out", new]
        case "doctor": ["--device", "cpu", "--check", "loss"]
        case "bench recipe": ["--recipe", "student.yaml", "--seconds", "0.1"]
        case "bench student": ["--model", "resnet18", "--size", "32"] + small
        case "bench teacher": ["--model", micro] + small
        case "bench training": ["--model", "resnet18", "--teacher", micro] + small
        case "bench images": ["--out", new, "--count", "10"]
        case "weights inspect": ["teacher/average.safetensors"]
        case "weights convert": ["teacher/average.safetensors", "--out", "\(new).safetensors"]
        case "weights source": ["card.yaml"]
        case "manual": []
        default: nil
        }
    }

    /// A prepared folder that also holds responses to import.
    static func folder() throws -> Folder {
        let folder = try Folder.prepared()
        try folder.write(
            "images.h5", Data(contentsOf: Repository.url("Tests/Fixtures/import/images.h5")))
        return folder
    }
}

@Suite("Invocations") struct InvocationTests {
    @Test("of every command are known, so that no test of all commands leaves one out")
    func complete() throws {
        let commands = try Invocations.commands()
        #expect(commands.count > 15)
        for command in commands {
            let arguments = try #require(
                Invocations.arguments(of: command.name), "write a call of \(command.name)")
            #expect(throws: Never.self) {
                _ = try Understudy.parseAsRoot(command.words + arguments)
            }
        }
    }
}
