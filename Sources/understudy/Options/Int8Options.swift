import ArgumentParser
import Base
import Distillation
import Loading
import Models
import Recipes
import Torch

/// Whether a network is taken in integers of 8 bits.
struct Int8Options: ParsableArguments {
    @Flag(name: .customLong("int8"), help: "In integers of 8 bits, too; of an export, instead.")
    var isWanted = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Images that decide how the integers are spread, prepared as for a validation; with "
                + "--run, its training images by default.", valueName: "data"))
    var calibration: String?

    /// Refuses images for nothing, and 8 bits without images.
    func check(run: String?) throws {
        guard isWanted else {
            guard calibration == nil else { throw ValidationError("--calibration is for --int8") }
            return
        }
        guard run != nil || calibration != nil else {
            throw ValidationError("--int8 needs images: pass --calibration DATA")
        }
    }

    /// The images that decide.
    ///
    /// - Parameter run: the run's folder, where no option names images.
    func images(ofRun run: String?) throws -> ImageDataset {
        if let calibration { return try ImageDataset(calibration) }
        guard let run else { throw CleanExit.helpRequest() }
        let data = try Run(path: run).recipe().data
        guard let place = data.train ?? data.unlabeled, !FileKind.isMissing(place) else {
            throw CommandError(
                "\(run): its training images are not there; pass --calibration DATA")
        }
        return try ImageDataset(data)
    }

    /// A network in integers, with a bar for the images that are looked at.
    func quantized(
        _ network: any ImageClassifier, _ preprocessing: Preprocessing, ofRun run: String?,
        on device: Device
    ) throws -> QuantizedNetwork {
        let images = try images(ofRun: run)
        let bar = ProgressBar()
        for notice in images.notices { bar.line(notice) }
        let count = min(QuantizedNetwork.calibrationViews, images.samples.count)
        // They are seen twice.
        bar.begin("calibration", total: 2 * count, unit: "images")
        defer { bar.end() }
        return try QuantizedNetwork(network, preprocessing, calibration: images, on: device) {
            bar.advance(to: $0, note: "")
        }
    }
}
