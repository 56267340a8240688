import ArgumentParser
import Foundation

/// A command with its options and the commands below it, from the dump that ArgumentParser makes of
/// them.
struct CommandTree: Decodable {
    /// An option, a flag or an operand.
    struct Argument: Decodable {
        enum Kind: String, Decodable { case positional, option, flag }

        struct Name: Decodable {
            enum Kind: String, Decodable { case long, short, longWithSingleDash }

            let kind: Kind
            let name: String

            /// With its dashes.
            var written: String { (kind == .long ? "--" : "-") + name }
        }

        let kind: Kind
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let preferredName: Name?
        let valueName: String?
        let defaultValue: String?
        let abstract: String?
    }

    let commandName: String
    let aliases: [String]?
    let abstract: String?
    let discussion: String?
    let shouldDisplay: Bool
    let defaultSubcommand: String?
    let arguments: [Argument]?
    /// Those that do something here: without ArgumentParser's own `help`.
    let subcommands: [CommandTree]

    private enum CodingKeys: String, CodingKey {
        case commandName, aliases, abstract, discussion, shouldDisplay, defaultSubcommand
        case arguments, subcommands
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        commandName = try container.decode(String.self, forKey: .commandName)
        aliases = try container.decodeIfPresent([String].self, forKey: .aliases)
        abstract = try container.decodeIfPresent(String.self, forKey: .abstract)
        discussion = try container.decodeIfPresent(String.self, forKey: .discussion)
        shouldDisplay = try container.decodeIfPresent(Bool.self, forKey: .shouldDisplay) ?? true
        defaultSubcommand = try container.decodeIfPresent(String.self, forKey: .defaultSubcommand)
        arguments = try container.decodeIfPresent([Argument].self, forKey: .arguments)
        subcommands = try
            (container.decodeIfPresent([CommandTree].self, forKey: .subcommands) ?? [])
            .filter { $0.commandName != "help" }
    }

    /// The tree below a command.
    ///
    /// - Throws: `DecodingError` if ArgumentParser dumps something else.
    init(of root: any ParsableCommand.Type) throws {
        struct Dump: Decodable { let command: CommandTree }
        self = try JSONDecoder().decode(Dump.self, from: Data(root._dumpHelp().utf8)).command
    }

    /// The command below this one that a word names.
    func subcommand(named word: String) -> CommandTree? {
        subcommands.first { $0.commandName == word || $0.aliases?.contains(word) == true }
    }

    /// What names an option or a flag of this command, with dashes, and the argument that it names.
    var options: [(name: String, argument: Argument)] {
        (arguments ?? []).filter { $0.kind != .positional }.flatMap { argument in
            (argument.names ?? []).map { ($0.written, argument) }
        }
    }

    /// The commands that do something, this or below it, with the words that call them.
    func leaves(_ words: [String] = []) -> [(words: [String], command: CommandTree)] {
        guard !subcommands.isEmpty else { return [(words, self)] }
        return subcommands.flatMap { $0.leaves(words + [$0.commandName]) }
    }
}
