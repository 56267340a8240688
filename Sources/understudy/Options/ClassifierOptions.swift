import ArgumentParser
import Base
import Distillation
import Imaging
import Loading
import Models
import Recipes
import StrictYAML
import Torch

/// A network chosen on the command line: a run's result, weights, or a teacher's card.
struct ClassifierOptions: ParsableArguments {
    @Option(name: .customLong("run"), help: "A run, whose result is taken.")
    var runFolder: String?

    @Option(
        name: .long, help: "A teacher's card or a Hugging Face directory, which say everything.")
    var teacher: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Weights: safetensors, a .pth, or a Hugging Face directory; what they say of their "
                + "network, images and classes is taken. With --teacher, in place of the card's."))
    var weights: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The network's name, for example resnet50, where --weights do not say it. Where they "
                + "do not say how images are prepared, it is as in the network's published "
                + "evaluation: torchvision's V1 weights where the name is torchvision's, but for "
                + "a ConvNeXt, else timm's default ones.",
            valueName: "name"))
    var model: String?

    @OptionGroup var reading: WeightsOptions

    @Option(
        name: .long,
        help: "Take size, resize, interpolation, mean and std from a recipe's validation.")
    var recipe: String?

    @Option(name: .long, help: "The side of the network's input, in pixels.")
    var size: Int?

    @Option(name: .long, help: "The length of the short side before the crop, in pixels.")
    var resize: Int?

    @Option(name: .long, help: "bilinear or bicubic.")
    var interpolation: Interpolation?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Subtracted from red, green and blue, which go from 0 to 1.", valueName: "r,g,b"))
    var mean: ChannelValues?

    @Option(
        name: .long,
        help: ArgumentHelp("Divides the channels after --mean.", valueName: "r,g,b"))
    var std: ChannelValues?

    @Option(name: .long, help: "A file with the classes' names, one a line, as classes.txt.")
    var classes: String?

    func validate() throws {
        switch (runFolder, teacher, weights) {
        case (nil, nil, nil):
            guard model.map(HuggingFaceDirectory.isOne) ?? false else {
                throw ValidationError(
                    model == nil
                        ? "choose a network: --run RUN, --weights FILE or --teacher CARD"
                        : "--model needs --weights FILE")
            }
        case (_?, nil, nil), (nil, _?, _), (nil, nil, _?): break
        default: throw ValidationError("choose one of --run, --weights and --teacher")
        }
        guard model == nil || (runFolder == nil && teacher == nil) else {
            throw ValidationError("--model is for --weights FILE; leave it out")
        }
        if runFolder != nil { try reading.refuse(without: "--weights and --teacher") }
        for (option, value) in [("--size", size), ("--resize", resize)] {
            if let value, !Limits.sides.contains(value) {
                throw ValidationError(
                    "\(option) must be between \(Limits.sides.lowerBound) and \(Limits.sides.upperBound)"
                )
            }
        }
        let channels: [(String, ChannelValues?, NumberBounds)] = [
            ("--mean", mean, .share), ("--std", std, .deviation),
        ]
        for (option, values, bounds) in channels {
            guard values?.list.allSatisfy(bounds.contains) ?? true else {
                throw ValidationError("\(option) must be three numbers, each \(bounds.phrase)")
            }
        }
    }

    /// Loads the network, and says on standard error what was taken from where, unless a card says
    /// it.
    func load(on device: Device) throws -> Classifier {
        let told = try recipe.map {
            (try Recipe(contentsOf: $0, data: .unneeded).preprocessing, $0)
        }
        if let card = teacher ?? directory {
            return try load(
                TeacherCard(contentsOf: card), told?.0,
                replacement: teacher == nil ? nil : weights, on: device)
        }
        let chosen = try chosen(told)
        let network = try chosen.architecture.makeNetwork(
            classes: chosen.architecture.classes(of: chosen.file, layout: reading.layout),
            device: device)
        for note in try network.load(chosen.file, layout: reading.layout) {
            StandardStreams.report(note + "\n")
        }
        let (classifier, place) = try classifier(
            chosen.model, network, chosen.preprocessing, weights: chosen.file.path,
            names: chosen.description.classes)
        let origin = Origin(
            preprocessing: chosen.origin, options: givenOptions,
            names: place.map { $0 == chosen.file.path ? teller : $0 })
        for line in classifier.lines(origin) { StandardStreams.report(line.printable + "\n") }
        return classifier
    }

    /// Loads a card's teacher.
    ///
    /// - Parameters:
    ///   - told: how images are prepared, in place of what the card says.
    ///   - replacement: weights in place of the card's.
    private func load(
        _ given: TeacherCard, _ told: Preprocessing?, replacement: String?, on device: Device
    ) throws -> Classifier {
        var card = given
        let standard = try card.requirePreprocessing()
        if let replacement {
            guard card.network != nil else {
                throw CommandError(
                    "--weights \(replacement): a teacher of kind \(card.kind) takes no other weights; "
                        + "leave them out")
            }
            card.weights = .init(file: replacement, sha256: nil)
        }
        if card.network == nil { try reading.refuse(without: "teachers that are networks") }
        if let layout = reading.layout { card.weights?.layout = layout }
        if let entry = reading.entry { card.weights?.entry = entry }
        // What a file of weights says of itself beside the card.
        let described = try card.network == nil ? nil : WeightsDescription(of: card.openWeights())
        let own = card.classMap == nil ? described?.classes : nil
        return try classifier(
            card.name, card.makeModel(on: device), told ?? standard,
            weights: card.weights?.file ?? card.name, names: own ?? card.classNames
        ).classifier
    }

    /// The classifier that the options make of a model.
    ///
    /// - Parameter names: of its classes, where no option says them.
    /// - Returns: the classifier, and the file that has the names.
    private func classifier(
        _ title: String, _ model: any InferenceModel, _ standard: Preprocessing, weights: String,
        names: [String]?
    ) throws -> (classifier: Classifier, namesPlace: String?) {
        let preprocessing = try preprocessing(standard, model.imageSize)
        let given = try classes.map { try ClassNames(contentsOf: $0).names }
        let place = classes ?? names.map { _ in weights }
        if let place, let found = given ?? names, found.count != model.classes {
            throw CommandError(
                "\(place): names \(found.count) classes, the network has \(model.classes)")
        }
        return (
            Classifier(
                model: title, weights: weights, network: model, preprocessing: preprocessing,
                names: given ?? names), place
        )
    }

    /// Who says what is not said by an option.
    private var teller: String { runFolder == nil ? "the weights" : "the run" }

    /// The options that were given of those that change how images are prepared.
    private var givenOptions: [String] {
        [
            size.map { _ in "--size" }, resize.map { _ in "--resize" },
            interpolation.map { _ in "--interpolation" }, mean.map { _ in "--mean" },
            std.map { _ in "--std" },
        ].compactMap { $0 }
    }

    /// How images are prepared: as the options say, else as is standard.
    private func preprocessing(
        _ standard: Preprocessing, _ only: Int?
    ) throws -> Preprocessing {
        let size = size ?? standard.size
        // A size of one's own keeps the ratio of crop to resized side.
        let resize =
            resize
            ?? Int((Double(standard.resize) * Double(size) / Double(standard.size)).rounded())
        guard size <= resize, Limits.sides.contains(resize) else {
            throw ValidationError(
                "--resize \(resize) does not fit --size \(size); choose one from \(size) to "
                    + "\(Limits.sides.upperBound)")
        }
        if let only, size != only {
            throw CommandError(
                "the network takes images of \(only) pixels, not of \(size); leave --size out, or "
                    + "name another network")
        }
        return Preprocessing(
            size: size, resize: resize, interpolation: interpolation ?? standard.interpolation,
            mean: mean?.list ?? standard.mean, std: std?.list ?? standard.std)
    }
}

// MARK: - The choice

extension ClassifierOptions {
    /// What the options choose.
    private struct Choice {
        /// What the network is called.
        let model: String
        let architecture: Architecture
        let file: any WeightsArchive
        let description: WeightsDescription
        let preprocessing: Preprocessing
        /// Who says how images are prepared.
        let origin: String
    }

    /// The Hugging Face directory that is chosen in place of weights or of a network; nil if there is
    /// none.
    private var directory: String? {
        switch (weights, model) {
        case (let weights?, nil) where HuggingFaceDirectory.isOne(weights): weights
        case (nil, let model?) where HuggingFaceDirectory.isOne(model): model
        default: nil
        }
    }

    /// What --run, --weights and --model choose.
    ///
    /// - Parameter told: how images are prepared as a recipe says it, and the recipe's path.
    private func chosen(_ told: (Preprocessing, String)?) throws -> Choice {
        let (file, description) = try weightsFile()
        guard let model = model ?? description.model else {
            throw CommandError(
                "\(file.path): does not say which network it is of; pass --model NAME, one of "
                    + PublishedNetwork.examples()
                    + (WeightsLikeness(of: file).map { "; it looks like \($0.description)" } ?? ""))
        }
        guard let published = PublishedNetwork.named(model) else {
            let known = PublishedNetwork.examples(insteadOf: model)
            guard self.model == nil else {
                throw ValidationError("no model \(model.quoted.printable); known: \(known)")
            }
            throw CommandError(
                "\(file.path): is of a network \(model.quoted), which is not known; pass --model "
                    + "NAME, one of \(known)")
        }
        let said = description.preprocessing.map { ($0, teller) }
        // Who names a network by hand means its published weights, unless somebody says otherwise.
        let assumed =
            self.model == nil
            ? nil : (published.preprocessing, "\(model)'s published evaluation; the file says none")
        guard let (preprocessing, origin) = told ?? said ?? assumed else {
            throw CommandError(
                "\(file.path): does not say how images are prepared; pass --recipe FILE, the one "
                    + "that it was trained by, or --model \(model) for the preprocessing of its "
                    + "published weights")
        }
        return Choice(
            model: model, architecture: published.architecture, file: file,
            description: description, preprocessing: preprocessing, origin: origin)
    }

    /// The weights of --run or --weights, with what is known of them.
    private func weightsFile() throws -> (any WeightsArchive, WeightsDescription) {
        if let runFolder {
            let run = Run(path: runFolder)
            let file = try run.weights(run.result())
            return (file, try run.description(of: file))
        }
        guard let weights else { throw CleanExit.helpRequest() }
        let file = try WeightsArchives.open(weights, entry: reading.entry)
        return (file, try WeightsDescription(of: file))
    }
}

/// A number for each of red, green and blue, written `0.5,0.5,0.5`.
struct ChannelValues: ExpressibleByArgument {
    let list: [Double]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0) }.filter(\.isFinite)
        guard parts.count == 3, numbers.count == 3 else { return nil }
        list = numbers
    }
}
