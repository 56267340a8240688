import ArgumentParser
import Foundation
import Testing

@testable import understudy

@Suite("Options at their limits", .serialized) struct OptionLimitTests {
    private static let long = ProcessInfo.processInfo.environment["UNDERSTUDY_LONG_TESTS"] != nil

    private static let numbers = [
        "", "nan", "-inf", "1e-300", "0.5", "-1", "-0", "0", "18446744073709551616", "1e300", "inf",
        "2147483648", "4294967296", "9223372036854775807",
    ]
    private static let ranges = [
        "0..<0", "-1..<1", "0..<2147483648", "4294967295..<4294967296", "0..<9223372036854775807",
        "9223372036854775806..<9223372036854775807",
    ]

    /// What a command says of arguments before it does anything; `nil` where it would go on.
    private func refusal(_ arguments: [String]) -> String? {
        do {
            _ = try Understudy.parseAsRoot(arguments)
            return nil
        } catch {
            return Understudy.message(for: error)
        }
    }

    /// Values that a command does not refuse at once, of options that are not free text.
    private func accepted() throws -> [(command: [String], option: String, value: String)] {
        var found: [(command: [String], option: String, value: String)] = []
        for command in try Invocations.commands() {
            let arguments = try #require(Invocations.arguments(of: command.name))
            let base = command.words + arguments
            for option in command.options {
                guard refusal(base + ["--\(option)=@"])?.contains("is invalid for") == true else {
                    continue
                }
                for value in Self.numbers + Self.ranges {
                    let text = refusal(base + ["--\(option)=\(value)"])
                    guard let text else {
                        found.append((base, option, value))
                        continue
                    }
                    // The known values of a choice follow, one to a line.
                    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                    #expect(
                        !text.isEmpty
                            && lines.dropFirst().allSatisfy { $0.isEmpty || $0.hasPrefix("  - ") },
                        "--\(option)=\(value): \(text)")
                }
            }
        }
        return found
    }

    @Test("end every command with a status and a line") func everyOption() throws {
        let folder = try Invocations.folder()
        var seen: Set<String> = []
        // The largest values come last. Shared options are tried with one command, unless all are.
        for (command, option, value) in try accepted().reversed()
        where Self.long || seen.insert(option).inserted {
            let run = try Shell.run(
                "exec \"$0\" \"$@\"", command + ["--\(option)=\(value)"], in: folder, limit: 60)
            let place = "\(command.prefix(2)) --\(option)=\(value)"
            #expect([0, 1, 64].contains(run.status), "\(place): \(run.status) \(run.errors)")
            guard run.status != 0 else { continue }
            let errors = run.errors.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
            #expect(errors.count == 1, "\(place): \(run.errors)")
        }
    }
}
