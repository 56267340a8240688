import StrictYAML

extension Recipe {
    /// The documentation of every key, in Markdown: `docs/recipe.md`.
    package static var reference: String {
        """
        # The keys of a recipe

        <!-- Printed by `understudy recipe --keys`, which walks the keys as the program declares them. -->

        A recipe is one YAML file. Every key is checked: what is unknown, missing, repeated, of the
        wrong type or out of range is an error with its line and column. `extends: FILE` lays a file
        over another one, mapping by mapping; `none` switches a section off, or takes back a key.
        Relative paths start at the folder of the file that names them. `--set a.b=c` overrides a key
        from the command line, and `understudy recipe --recipe FILE` prints what all of it comes to.

        \(descriptions.markdown())

        """
    }
}
