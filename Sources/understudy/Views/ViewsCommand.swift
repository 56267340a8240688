import ArgumentParser

/// `understudy views`.
struct ViewsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "views",
        abstract: "Shows the augmented views that teacher and student are given.",
        discussion: """
            Without a subcommand it shows views one by one: --sheet draws them, stage by stage; \
            --dump and --params write them with all parameters, so that they can be replayed \
            elsewhere. `views stats` counts what the recipe does to the whole data set.

            Example:
              understudy views --recipe recipes/digits-kd.yaml --slots '0..<8' --sheet views.png
              understudy views stats --recipe recipes/digits-kd.yaml
            """,
        subcommands: [
            ShowViewsCommand.self, ViewStatisticsCommand.self, ViewBenchmarkCommand.self,
        ],
        defaultSubcommand: ShowViewsCommand.self)
}
