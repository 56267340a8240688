import Testing

@testable import Base

@Suite("Memory that can be had") struct SystemMemoryTests {
    @Test("a little always, all that an address has room for never") func bounds() {
        for bytes in [0, 1, 1 << 20, 1 << 24] { #expect(SystemMemory.canAllocate(bytes)) }
        for bytes in [Int.max, 1 << 60, -1, .min] { #expect(!SystemMemory.canAllocate(bytes)) }
    }
}
