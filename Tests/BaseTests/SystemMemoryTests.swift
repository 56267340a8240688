import Testing

@testable import Base

@Suite("Memory that can be had") struct SystemMemoryTests {
    @Test("a little always, all that an address has room for never") func bounds() {
        for bytes in [0, 1, 1 << 20, 1 << 24] { #expect(SystemMemory.canAllocate(bytes)) }
        for bytes in [Int.max, 1 << 60, -1, .min] { #expect(!SystemMemory.canAllocate(bytes)) }
    }

    @Test("a machine has its memory and its swap space") func installed() {
        let text = "MemTotal:       24684132 kB\nMemFree:  15398400 kB\nSwapTotal:   1000 kB\n"
        #expect(SystemMemory.installed(text) == 24_685_132 * 1024)
        #expect(SystemMemory.installed("MemTotal: 8 kB\n") == 8192)
        for text in ["", "MemTotal:\n", "MemTotal: x kB\n", "MemTotal: \(Int.max) kB\n"] {
            #expect(SystemMemory.installed(text) == nil)
        }
        #expect((1 << 26..<Int.max).contains(SystemMemory.most()))
    }

    @Test("a group's limit, of either version, is the least of those around it") func groups() {
        let unified = ControlGroups(
            "memory", groups: "0::/pods/one\n",
            mounts: "36 25 0:31 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n")
        var files = [
            "/sys/fs/cgroup/pods/memory.max": "8589934592\n",
            "/sys/fs/cgroup/pods/one/memory.max": "max\n",
        ]
        #expect(SystemMemory.given(by: unified) { files[$0] } == 8 << 30)
        files["/sys/fs/cgroup/pods/one/memory.max"] = "4294967296\n"
        #expect(SystemMemory.given(by: unified) { files[$0] } == 4 << 30)
        #expect(SystemMemory.given(by: unified) { _ in "max" } == nil)
        let legacy = ControlGroups(
            "memory", groups: "5:cpuset:/\n4:memory:/docker/ab\n",
            mounts: "33 31 0:30 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
        #expect(
            SystemMemory.given(by: legacy) {
                $0 == "/sys/fs/cgroup/memory/memory.limit_in_bytes" ? "2147483648\n" : nil
            } == 2 << 30)
    }
}
