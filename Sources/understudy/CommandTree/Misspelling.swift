import ArgumentParser
import Base

/// A word of a command line that names no command, or no option of one; with the nearest that does.
struct Misspelling: Error, CustomStringConvertible {
    let description: String

    /// Checks the words that name a command, which ArgumentParser takes for an operand or, after
    /// `help`, passes over.
    static func checkCommand(_ arguments: [String], of root: any ParsableCommand.Type) throws(Self)
    {
        var words = arguments.prefix { !$0.hasPrefix("-") }
        let isHelp = words.first == "help"
        if isHelp { words.removeFirst() }
        var command = root
        var path = [root._commandName]
        for word in words {
            let subcommands = command.configuration.subcommands
            if let next = subcommands.first(where: {
                $0._commandName == word || $0.configuration.aliases.contains(word)
            }) {
                command = next
                path.append(next._commandName)
                continue
            }
            // Operands of the command.
            if subcommands.isEmpty && !isHelp { return }
            let nearest = subcommands.map { $0._commandName }.nearest(to: word)
            if nearest == nil, !isHelp, command.configuration.defaultSubcommand != nil { return }
            let words = path.joined(separator: " ")
            throw Misspelling(
                "no command '\(words) \(word.clipped)'; "
                    + (nearest.map { "did you mean '\(words) \($0)'?" }
                        ?? "'\(words) --help' says what there is"))
        }
    }

    /// The first word of a command line which ArgumentParser refused that looks like an option and is
    /// none of the command's: ArgumentParser speaks first of what is missing because of it.
    static func option(in arguments: [String], of root: CommandTree) -> Misspelling? {
        var command = root
        var words = arguments[...]
        while let word = words.first, let next = command.subcommand(named: word) {
            command = next
            words.removeFirst()
        }
        let path = arguments[..<words.startIndex].reduce(root.commandName) { "\($0) \($1)" }
        if let standard = command.defaultSubcommand {
            command = command.subcommand(named: standard) ?? command
        }
        let known = command.options
        while let word = words.popFirst(), word != "--" {
            guard word.hasPrefix("-"), word.count > 1, Double(word) == nil else { continue }
            let name = String(word.prefix { $0 != "=" })
            if let option = known.first(where: { $0.name == name }) {
                if option.argument.kind == .option, name == word { words = words.dropFirst() }
                continue
            }
            let nearest = known.map(\.name).filter { $0.hasPrefix("--") }
                .nearest(to: "--" + name.drop { $0 == "-" })
            return Misspelling(
                "'\(path)' has no option \(name.quoted); "
                    + (nearest.map { "did you mean '\($0)'?" }
                        ?? "'\(path) --help' says what there is"))
        }
        return nil
    }

    private init(_ description: String) { self.description = description.printable }
}
