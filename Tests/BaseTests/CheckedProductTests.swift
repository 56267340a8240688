import Base
import Testing

@Suite("Checked products") struct CheckedProductTests {
    @Test("are nothing where 64 bits do not hold them") func products() {
        #expect(Int.product() == 1)
        #expect(Int.product(3, 4, 5) == 60)
        #expect(Int.product(1 << 32, 1 << 30) == 1 << 62)
        #expect(Int.product(1 << 32, 1 << 31) == nil)
        #expect(Int.product(.max, .max, 0) == nil)
    }
}
