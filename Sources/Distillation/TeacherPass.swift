import Loading
import Recipes
import ResponseCache
import Torch
import Views

/// Mixes a group's views and gives them to a teacher: the step between pixels and responses.
struct TeacherPass {
    let teacher: any Teacher
    private let plan: ViewPlan
    private let mixer: Mixer
    private let normalisation: Normalisation

    /// - Parameter plan: the plan of the recipe that the views are drawn by.
    init(_ teacher: any Teacher, plan: ViewPlan, device: Device) throws(TorchError) {
        self.teacher = teacher
        self.plan = plan
        let view = plan.recipe.view
        mixer = Mixer(recipe: plan.recipe, device: device)
        normalisation = try Normalisation(mean: view.mean, std: view.std, device: device)
    }

    /// The sides at which a group is rendered: the student's, whose pixels are checksummed, and the
    /// teacher's.
    var sizes: [Int] { [plan.recipe.view.size, teacher.size] }

    /// The teacher's responses, `[G, classes]` in the order of slots.
    func probabilities(for views: ViewGroup) throws(TorchError) -> [Float] {
        let batch = try mixer.batch(
            views.pixels(size: teacher.size), labels: views.labels,
            draw: plan.mix(epoch: views.epoch, group: views.group))
        return try teacher.probabilities(for: batch.images, normalisedBy: normalisation).floats()
    }

    /// CRC-32C of the pixels that a student is shown.
    func pixelChecksum(of views: ViewGroup) -> UInt32 {
        views.checksum(size: plan.recipe.view.size)
    }
}
