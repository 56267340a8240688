/// The manual page of a program with subcommands, in troff with the macros of man(7).
///
/// ArgumentParser's own generator runs the paragraphs of a discussion together, and the examples
/// with them; here each example stands on lines of its own, as `--help` shows it.
struct ManualPage {
    private let root: CommandTree
    private let version: String

    init(_ root: CommandTree, version: String) {
        (self.root, self.version) = (root, version)
    }

    /// The page, without the last line feed.
    var text: String {
        let program = root.commandName
        let title = program.uppercased()
        var lines = [
            ".TH \(title) 1 \"\" \"\(Self.escaped("\(program) \(version)"))\"",
            ".SH NAME",
            "\(Self.escaped(program)) \\- \(Self.escaped(root.abstract ?? ""))",
            ".SH SYNOPSIS",
            ".B \(Self.escaped(program))", ".I command", "[\\fIoptions\\fR]",
            ".SH DESCRIPTION",
        ]
        lines += Self.discussion(root.discussion)
        lines.append(".SH COMMANDS")
        for (words, command) in root.leaves() where command.shouldDisplay {
            lines += section(words.joined(separator: " "), command)
        }
        lines += [
            ".SH EXIT STATUS", ".TP", ".B 0", "It is done.",
            ".TP", ".B 1", "It cannot be done; one line says why.",
            ".TP", ".B 64", "The command line is not understood.",
            ".TP", ".B 128 + N",
            "Signal N ended it; what it was about is left so that it can go on.",
        ]
        return lines.joined(separator: "\n")
    }

    private func section(_ name: String, _ command: CommandTree) -> [String] {
        let shown = (command.arguments ?? []).filter(\.shouldDisplay)
        let usage = shown.filter { !$0.isOptional || $0.kind == .positional }.map(Self.usage)
        var lines = [".SS \(Self.escaped(name))", Self.escaped(command.abstract ?? ""), ".PP"]
        lines.append(
            "\\fB\(Self.escaped("\(root.commandName) \(name)"))\\fR "
                + (usage + ["[\\fIoptions\\fR]"]).joined(separator: " "))
        lines += Self.discussion(command.discussion)
        for argument in shown where !Self.isEverywhere(argument) {
            lines += [".TP", Self.heading(argument)]
            let value = argument.defaultValue.map { " (default: \($0))" } ?? ""
            lines.append(Self.escaped((argument.abstract ?? "") + value))
        }
        return lines
    }

    /// `--help` and `--version`, which every command has.
    private static func isEverywhere(_ argument: CommandTree.Argument) -> Bool {
        ["help", "version"].contains(argument.preferredName?.name)
    }

    private static func usage(_ argument: CommandTree.Argument) -> String {
        let text = heading(argument) + (argument.isRepeating ? " ..." : "")
        return argument.isOptional ? "[\(text)]" : text
    }

    /// `--cache cache` with its names in bold and the value's in italics.
    private static func heading(_ argument: CommandTree.Argument) -> String {
        let value = "\\fI\(escaped(argument.valueName ?? ""))\\fR"
        guard argument.kind != .positional else { return value }
        let names = (argument.names ?? []).map { "\\fB\(escaped($0.written))\\fR" }
            .joined(separator: ", ")
        return argument.kind == .option ? "\(names) \(value)" : names
    }

    /// Paragraphs as paragraphs, and lines that are set in as they stand.
    private static func discussion(_ text: String?) -> [String] {
        guard let text else { return [] }
        var lines = [".PP"]
        var isVerbatim = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let isSetIn = line.hasPrefix("  ")
            if isSetIn != isVerbatim { lines += isSetIn ? [".RS", ".nf"] : [".fi", ".RE"] }
            isVerbatim = isSetIn
            lines.append(line.isEmpty ? ".PP" : escaped(String(isSetIn ? line.dropFirst(2) : line)))
        }
        return lines + (isVerbatim ? [".fi", ".RE"] : [])
    }

    /// The text with nothing in it that troff would obey; hyphens stay hyphens when they are pasted.
    private static func escaped(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let plain = line.replacing("\\", with: "\\e").replacing("-", with: "\\-")
                .replacing("'", with: "\\(aq")
            return plain.hasPrefix(".") ? "\\&\(plain)" : String(plain)
        }
        return lines.joined(separator: "\n")
    }
}
