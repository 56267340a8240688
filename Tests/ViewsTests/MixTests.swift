import Imaging
import Testing

@testable import Views

@Suite("Mix") struct MixTests {
    @Test(
        "CutMix's boxes at 224 are those of the specification",
        arguments: [(0.3, 186), (0.75, 112), (0.999, 6)])
    func boxes(lambda: Double, side: Int) {
        let mix = MixDraw.cutmix(lambda: lambda, centerX: 0.5, centerY: 0.5).resolved(size: 224)
        let box = PixelRect(x: 112 - side / 2, y: 112 - side / 2, width: side, height: side)
        let left = 1 - Double(side * side) / 50_176
        #expect(mix == .cutmix(box: box, lambda: left))
    }

    @Test("a box at the border is clipped, and λ says what is left")
    func clipped() {
        // Centre (0, 223): columns 0 ..< 56, rows 167 ..< 224.
        let mix = MixDraw.cutmix(lambda: 0.75, centerX: 0, centerY: 0.999).resolved(size: 224)
        let box = PixelRect(x: 0, y: 167, width: 56, height: 57)
        let left = 1 - Double(56 * 57) / 50_176
        #expect(mix == .cutmix(box: box, lambda: left))
    }

    @Test("λ = 1 after the correction is no mixing; λ = 0 is the partner alone")
    func ends() {
        let centre = (0.5, 0.5)
        #expect(
            MixDraw.cutmix(lambda: 1, centerX: centre.0, centerY: centre.1).resolved(size: 224)
                == .none)
        // A side of 1 pixel has half a side of 0.
        #expect(
            MixDraw.cutmix(lambda: 0.99998, centerX: 0.5, centerY: 0.5).resolved(size: 224)
                == .none)
        #expect(MixDraw.mixup(lambda: 1).resolved(size: 224) == .none)
        #expect(MixDraw.mixup(lambda: 0).resolved(size: 224) == .mixup(lambda: 0))
        let whole = MixDraw.cutmix(lambda: 0, centerX: 0.5, centerY: 0.5).resolved(size: 224)
        #expect(
            whole == .cutmix(box: PixelRect(x: 0, y: 0, width: 224, height: 224), lambda: 0))
        #expect(Mix.none.lambda == 1 && whole.lambda == 0)
    }

    @Test("one draw renders at two sizes with boxes of the same share")
    func twoSizes() {
        let draw = MixDraw.cutmix(lambda: 0.4, centerX: 0.3, centerY: 0.6)
        guard case .cutmix(let small, let a) = draw.resolved(size: 224),
            case .cutmix(let large, let b) = draw.resolved(size: 384)
        else {
            Issue.record("no CutMix")
            return
        }
        #expect(abs(a - b) < 0.02)
        #expect(abs(Double(small.x) / 224 - Double(large.x) / 384) < 0.01)
        #expect(abs(Double(small.width) / 224 - Double(large.width) / 384) < 0.01)
    }

    @Test("over 20,000 groups: half CutMix, λ and centres as specified")
    func distribution() throws {
        let recipe = try imagenet("batch={size: 6, group: 2}")
        let plan = try ViewPlan(recipe: recipe, imageCount: 60_416)
        let draws = (0..<20_000).map { plan.mix(epoch: 0, group: $0) }
        var mixup: [Double] = []
        var cutmix: [Double] = []
        var rows = Array(repeating: 0, count: 224)
        var columns = rows
        for draw in draws {
            switch draw {
            case .none: Issue.record("unmixed at probability 1")
            case .mixup(let lambda): mixup.append(lambda)
            case .cutmix(let lambda, let x, let y):
                cutmix.append(lambda)
                columns[Int(x * 224)] += 1
                rows[Int(y * 224)] += 1
            }
        }
        #expect(chiSquare([mixup.count, cutmix.count]) < chiSquareLimit(degrees: 1))
        #expect(kolmogorov(cutmix) { $0 } < kolmogorovLimit)
        #expect(chiSquare(rows) < chiSquareLimit(degrees: 223))
        #expect(chiSquare(columns) < chiSquareLimit(degrees: 223))
        // The shares of Beta(0.2, 0.2) between the edges, by SciPy 1.17.1.
        let edges = [0.01, 0.1, 0.5, 0.9, 0.99]
        let shares = [0.209777690, 0.126912088, 0.163310222, 0.163310222, 0.126912088, 0.209777690]
        var counts = Array(repeating: 0, count: 6)
        for lambda in mixup { counts[edges.filter { lambda >= $0 }.count] += 1 }
        #expect(chiSquare(counts, shares) < chiSquareLimit(degrees: 5))
    }

    @Test("probability, and a mode that is off, are kept to")
    func modes() throws {
        func draws(_ mix: String) throws -> [MixDraw] {
            let plan = try ViewPlan(
                recipe: imagenet("batch={size: 6, group: 2}", "view.mix=\(mix)"),
                imageCount: 6144)
            return (0..<plan.groupsPerEpoch).map { plan.mix(epoch: 0, group: $0) }
        }
        let half = try draws("{probability: 0.5, mixup: 0.2, cutmix: 1, switch: 0.5}")
        let unmixed = half.filter { $0 == .none }.count
        #expect(chiSquare([unmixed, half.count - unmixed]) < chiSquareLimit(degrees: 1))
        #expect(try draws("none").allSatisfy { $0 == .none })
        let mixup = try draws("{probability: 1, mixup: 0.2, cutmix: 0, switch: 1}")
        #expect(mixup.allSatisfy { if case .mixup = $0 { true } else { false } })
        let cutmix = try draws("{probability: 1, mixup: 0, cutmix: 1, switch: 0}")
        #expect(cutmix.allSatisfy { if case .cutmix = $0 { true } else { false } })
    }
}
