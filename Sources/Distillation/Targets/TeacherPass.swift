import Base
import Loading
import Recipes
import ResponseCache
import Torch
import Views

/// Where the responses to views come from: a teacher, or a file.
protocol ResponseSource {
    /// The sides at which it wants a group's views, in pixels.
    var sizes: [Int] { get }

    /// The responses, `[G, classes]` in the order of slots, each a distribution.
    func probabilities(for views: ViewGroup) throws -> [Float]
}

/// Mixes a group's views and gives them to a teacher: the step between pixels and responses.
struct TeacherPass: ResponseSource {
    let teacher: any Teacher
    private let plan: ViewPlan
    private let mixer: Mixer
    private let normalisation: Normalisation

    /// - Parameter views: what renders the views.
    init(_ teacher: any Teacher, views: ViewLoader, device: Device) throws(TorchError) {
        self.teacher = teacher
        plan = views.plan
        let view = views.recipe.view
        mixer = Mixer(recipe: views.recipe, device: device)
        normalisation = try Normalisation(mean: view.mean, std: view.std, device: device)
    }

    var sizes: [Int] { [teacher.size] }

    func probabilities(for views: ViewGroup) throws(TorchError) -> [Float] {
        let batch = try mixer.batch(
            views.pixels(size: teacher.size), labels: views.labels,
            draw: plan.mix(epoch: views.epoch, group: views.group))
        return try teacher.probabilities(for: batch.images, normalisedBy: normalisation).floats()
    }
}

extension ViewLoader {
    /// A loader that takes the CRC-32C of each group's pixels, the identity of what a network is
    /// shown.
    init(checksumming recipe: Recipe, options: LoadingOptions) throws {
        try self.init(recipe: recipe, options: options) { crc32c($0) }
    }
}

extension ViewGroup {
    /// The CRC-32C of the pixels.
    var pixelChecksum: UInt32 {
        guard let checksum else { preconditionFailure("the loader takes no checksums") }
        return checksum
    }
}
