/// A command as a shell reads it from a text: the words of one line.
struct ShellLine: Equatable {
    let words: [String]

    /// Splits a line at blanks; quotes and backslashes join. What follows a `#` is a comment, and
    /// what follows a `>` is where the output goes.
    ///
    /// - Returns: `nil` where a quote is not closed or the shell would do more than split: run
    ///   another command, or replace a name.
    init?(_ text: String) {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                word = (word ?? "") + [character]
                isEscaped = false
            } else if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + [character] }
            } else {
                switch character {
                case "\\": isEscaped = true
                case "'", "\"":
                    quote = character
                    word = word ?? ""
                case " ":
                    if let done = word { words.append(done) }
                    word = nil
                case "#" where word == nil, ">" where word == nil:
                    self.init(words: words)
                    return
                case "$", "`", "|", ";", "&", "<", ">", "(": return nil
                default: word = (word ?? "") + [character]
                }
            }
        }
        guard quote == nil, !isEscaped else { return nil }
        if let done = word { words.append(done) }
        self.init(words: words)
    }

    private init(words: [String]) { self.words = words }

    /// The commands among some lines: those that begin with a program's name, each joined with the
    /// lines that a backslash at its end continues.
    static func commands(of program: String, in lines: [String]) -> [String] {
        var commands: [String] = []
        var isOpen = false
        for line in lines {
            let text = line.trimmingPrefix(while: \.isWhitespace)
            if isOpen {
                commands[commands.count - 1] += text
            } else if text.hasPrefix("\(program) "), !text.hasPrefix("\(program)  ") {
                commands.append(String(text))
            } else {
                continue
            }
            isOpen = text.hasSuffix("\\")
            if isOpen { commands[commands.count - 1].removeLast() }
        }
        return commands
    }
}
