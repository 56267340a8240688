import Imaging
import Testing

@testable import Views

@Suite("Rounding of crops") struct CropRoundingTests {
    /// The whole area at a shape of 0.4 to 0.5 is wider than a thin image, so that no try fits and the
    /// largest centered crop is 1 / 0.4 = 2.5 times as high as wide. Python's `round(2.5)` is 2, and
    /// `round(7.5)` is 8.
    @Test("halves go to the even side", arguments: [(1, 9, 2, 3), (3, 20, 8, 6)])
    func even(width: Int, height: Int, side: Int, top: Int) throws {
        let recipe = try imagenet("view.crop.scale=[1, 1]", "view.crop.ratio=[0.4, 0.5]")
        let view = try ViewPlan(recipe: recipe, imageCount: 10_000).view(epoch: 0, slot: 0)
        #expect(
            view.crop(width: width, height: height)
                == PixelRect(x: 0, y: top, width: width, height: side))
    }
}
