import StrictYAML

extension Recipe {
    /// Reads a recipe file.
    ///
    /// Every key is checked: what is unknown, missing, repeated, of the wrong type or out of range
    /// is an error with its position. `extends: FILE` lays the file over another one, mapping by
    /// mapping. Relative paths start at the folder of the file that names them.
    ///
    /// - Parameters:
    ///   - path: The YAML file.
    ///   - overrides: `key.key=value`, the value in YAML, laid over the file in order; relative
    ///     paths in them start at the working directory.
    /// - Throws: `YAMLError`, one line with the place.
    package init(contentsOf path: String, overrides: [String] = []) throws(YAMLError) {
        try self.init(.reading(path, overrides: overrides, noun: "recipe"))
    }

    /// Reads a recipe from text, as if it stood in the file `path` (which need not exist).
    ///
    /// - Throws: `YAMLError`, one line with the place.
    package init(
        parsing text: String, path: String, overrides: [String] = []
    ) throws(YAMLError) {
        try self.init(.composing(text, path: path, overrides: overrides, noun: "recipe"))
    }

    private init(_ root: SourcedNode) throws(YAMLError) {
        try self.init(SectionReader(root, noun: "recipe", known: Self.known + ["extends"]))
    }

    /// The recipe as one file that stands alone: every key present, every path absolute.
    ///
    /// Reading it back gives an equal recipe.
    package var resolvedYAML: String { entries().yaml }

    /// Every value of the recipe that determines a view's pixels or its mixing, in a stable text,
    /// under the name that its key has: the recipe's share of a cache's fingerprint.
    package var viewFields: [(name: String, value: String)] {
        fields(of: ["seed", "view", "batch"])
    }
}
