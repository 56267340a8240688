import ArgumentParser

/// `understudy cache`.
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Builds and reads caches of teacher responses.",
        discussion: """
            Example:
              understudy cache build --recipe recipes/patches-kd.yaml --cache responses
              understudy cache info --cache responses
            """,
        subcommands: [
            Build.self, Info.self, Rows.self, Verify.self, Merge.self, Compact.self, Convert.self,
            Import.self, Bench.self,
        ])
}
