import Loading
import Recipes
import Torch
import Views

/// Makes of rendered views what a step is given: mixed images, targets, and the teacher's responses.
struct TrainingInputs {
    let recipe: Recipe
    let plan: ViewPlan
    /// The responses; `nil` where labels alone are learned from.
    let responses: ResponseMixture?
    let device: Device
    private let mixer: Mixer

    init(recipe: Recipe, plan: ViewPlan, responses: ResponseMixture?, device: Device) {
        self.recipe = recipe
        self.plan = plan
        self.responses = responses
        self.device = device
        mixer = Mixer(recipe: recipe, device: device)
    }

    /// A group of a training epoch.
    ///
    /// - Parameter epoch: the training epoch, which is another than that of its views where these are
    ///   replayed.
    /// - Throws: `TrainingError` if the views are not those that the teacher saw; `CacheError`.
    func group(_ views: ViewGroup, epoch: Int) throws -> TrainingGroup {
        let batch = try mixer.batch(
            views.pixels(size: recipe.view.size), labels: views.labels,
            draw: plan.mix(epoch: views.epoch, group: views.group))
        return TrainingGroup(
            images: batch.images, targets: batch.targets, labeled: batch.labeled,
            teacher: try responses.map { try rows(of: $0, for: views) },
            dropPathSeed: recipe.model.dropPath > 0
                ? dropPathSeed(epoch: epoch, group: views.group) : nil)
    }

    /// The responses to a group's views, after a check that the views are the same pixels.
    private func rows(of responses: ResponseMixture, for views: ViewGroup) throws -> Tensor {
        let slots = plan.slots(ofGroup: views.group)
        try responses.check(
            pixels: views.pixelChecksum, epoch: views.epoch, group: views.group)
        let rows = try responses.rows(epoch: views.epoch, slots: slots)
        return try Tensor(rows, shape: [slots.count, recipe.data.classes]).to(device)
    }

    /// The seed of a group's stochastic depth: the training epoch's, so that replayed views drop
    /// other branches; the step's own, so that a resumed run repeats it.
    private func dropPathSeed(epoch: Int, group: Int) -> UInt64 {
        var stream = DrawStream(
            seed: recipe.networkSeed, epoch: epoch, slot: group, purpose: .dropPath)
        return stream.bits()
    }
}
