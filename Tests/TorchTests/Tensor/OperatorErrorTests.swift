import Testing

@testable import Torch

@Suite("Operator errors") struct OperatorErrorTests {
    @Test("shapes that do not match are an error with the shapes") func shapes() throws {
        let x = try Tensor.ones([2, 3])
        let y = try Tensor.ones([4])
        let error = #expect(throws: TorchError.self) { try x + y }
        #expect(
            error?.description
                == "+: The size of tensor a (3) must match the size of tensor b (4) at "
                + "non-singleton dimension 1 (found [2, 3] float32, [4] float32)")
        #expect(error?.isOutOfMemory == false)
    }

    /// A column and a row whose sum takes 2⁴⁶ bytes.
    private func wide() throws -> (Tensor, Tensor) {
        (try Tensor.ones([1 << 22, 1]), try Tensor.ones([1, 1 << 22]))
    }

    @Test("no memory for a result is an error with the bytes, that says so")
    func memory() throws {
        let (x, y) = try wide()
        let operations: [(String, () throws -> Tensor)] = [
            ("+", { try x + y }), ("-", { try x - y }), ("*", { try x * y }), ("/", { try x / y }),
        ]
        for (name, operation) in operations {
            let error = #expect(throws: TorchError.self) { _ = try operation() }
            #expect(error?.description == "\(name): no memory for 70368744177664 bytes")
            #expect(error?.isOutOfMemory == true)
        }
    }

    @Test("no memory is not taken for shapes that do not match") func expectation() throws {
        let (x, y) = try wide()
        let error = #expect(throws: TorchError.self) { try x.equal(to: y) }
        #expect(error?.description == "equal: no memory for 17592186044416 bytes")
    }
}
