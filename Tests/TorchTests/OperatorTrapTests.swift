import Testing

@testable import Torch

@Suite("Operator errors") struct OperatorTrapTests {
    @Test("shapes that do not match end the process, with the shapes on standard error")
    func trap() async throws {
        let result = try await #require(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let x = try Tensor.ones([2, 3])
            _ = x + (try Tensor.ones([4]))
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(text.contains("understudy: +: The size of tensor a (3) must match"), "\(text)")
        #expect(text.contains("(found [2, 3] float32, [4] float32)"))
    }
}
