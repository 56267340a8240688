import ArgumentParser
import Base
import Foundation
import Imaging
import Loading
import Recipes
import Torch

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
              understudy views --recipe recipes/patches-kd.yaml --slots '0..<8' \\
                --sheet views.png
              understudy views stats --recipe recipes/patches-kd.yaml
            """,
        subcommands: [
            ShowViewsCommand.self, ViewStatisticsCommand.self, ViewBenchmarkCommand.self,
        ],
        defaultSubcommand: ShowViewsCommand.self)
}

/// `understudy views show`, which is what `understudy views` does.
struct ShowViewsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Draws views on a contact sheet, or writes their pixels and parameters.",
        discussion: """
            Example:
              understudy views --recipe recipes/patches-kd.yaml --epoch 0 --slots '0..<8' \\
                --sheet views.png
            """)

    @OptionGroup var recipe: RecipeOptions
    @OptionGroup var loading: LoadingArguments

    @Option(name: .long, help: "The epoch, from 0.")
    var epoch = 0

    @Option(
        name: .long, help: "The slots, A..<B.",
        transform: SlotRange.init(parsing:))
    var slots: SlotRange

    @Option(name: .long, help: "Write a contact sheet, a PNG.")
    var sheet: String?

    @Option(
        name: .long,
        help: "The side of a picture on the sheet, 96 to 1024 pixels; by default about the view's.")
    var cell: Int?

    @Option(
        name: .long,
        help: "Write pixels, mixed images and targets to this safetensors file.")
    var dump: String?

    @Option(name: .long, help: "Write every view's parameters to this JSON file.")
    var params: String?

    func validate() throws {
        guard sheet != nil || dump != nil || params != nil else {
            throw ValidationError("name an output: --sheet PNG, --dump FILE or --params FILE")
        }
        try Limits.check(epoch: epoch)
        guard cell.map((96...1024).contains) ?? true else {
            throw ValidationError("--cell must be from 96 to 1024")
        }
    }

    func run() throws {
        let dump = try dump.map { try OutputFile($0, "--dump", .views) }
        let params = try params.map { try OutputFile($0, "--params", .parameters) }
        let sheet = try sheet.map { try OutputFile($0, "--sheet", .sheet) }
        try OutputFile.requireDistinct([dump, params, sheet].compactMap { $0 })
        let recipe = try recipe.read()
        let loader = try ViewLoader(recipe: recipe, options: loading.options)
        try slots.check(against: loader.plan)
        for notice in loader.dataset.notices { ProgressBar().line(notice) }
        if sheet != nil { try checkSheet(of: recipe) }
        let views = try RenderedViews(
            recipe: recipe, loader: loader, epoch: epoch, slots: slots.range)
        if let dump {
            try SafetensorsFile.write(views.tensors, metadata: views.metadata, to: dump.path)
        }
        if let params {
            try AtomicFile.write(Data(views.parameters().json(pretty: true).utf8), to: params.path)
        }
        if let sheet {
            let picture = try views.contactSheet(cell: side(for: recipe))
            try AtomicFile.write(Data(ContactSheet.png(picture)), to: sheet.path)
        }
        let outputs = [self.dump, self.params, self.sheet].compactMap { $0 }.joined(separator: ", ")
        try StandardStreams.print(
            "\(slots.range.count) views of epoch \(epoch): \(outputs)".printable)
    }

    /// The side of a picture on the sheet.
    private func side(for recipe: Recipe) -> Int { cell ?? min(max(recipe.view.size, 96), 224) }

    /// Refuses a sheet that no PNG holds, before anything is rendered.
    private func checkSheet(of recipe: Recipe) throws {
        let rows = ContactSheet.mostRows(cell: side(for: recipe))
        guard slots.range.count <= rows else {
            throw CommandError(
                "--slots: a sheet has at most \(rows) rows of this size, these are "
                    + "\(slots.range.count); choose fewer")
        }
    }
}
