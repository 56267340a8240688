import Foundation
import Testing

@testable import Base

@Suite("Cores") struct CoresTests {
    @Test(
        "are the least of machine, affinity and quota",
        arguments: [
            (64, 64, nil, 64, "64 cores"), (64, 2, nil, 2, "2 of 64 cores (affinity)"),
            (64, 8, 2.0, 2, "2 of 64 cores (cgroup quota)"),
            (64, 8, 1.5, 2, "2 of 64 cores (cgroup quota)"),
            (64, 8, 0.1, 1, "1 of 64 cores (cgroup quota)"),
            (2, 2, 7.5, 2, "2 cores"), (2, 2, 2.0, 2, "2 cores"), (1, 1, 0.5, 1, "1 core"),
            (4, 0, nil, 4, "4 cores"), (-1, 0, nil, 1, "1 core"),
        ])
    func least(machine: Int, affinity: Int, quota: Double?, count: Int, text: String) {
        let cores = Cores(machine: machine, affinity: affinity, quota: quota)
        #expect(cores.count == count)
        #expect("\(cores)" == text)
    }

    @Test("of this process are at least one and no more than the machine's") func usable() {
        #expect((1...Cores.usable.machine).contains(Cores.usable.count))
    }

    private func processor(_ groups: String, _ mounts: String) -> ControlGroups {
        ControlGroups("cpu", groups: groups, mounts: mounts)
    }

    private let unified = "36 25 0:31 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"

    @Test("a quota of version 2 may be the group's own or that of a group around it")
    func unifiedQuota() {
        let files = [
            "/sys/fs/cgroup/pods/cpu.max": "150000 100000\n",
            "/sys/fs/cgroup/pods/one/cpu.max": "400000 100000\n",
            "/sys/fs/cgroup/free/cpu.max": "max 100000\n",
        ]
        func quota(_ path: String) -> Double? {
            CoreQuota.least(processor("0::\(path)\n", unified)) { files[$0] }
        }
        #expect(quota("/pods/one") == 1.5)
        #expect(quota("/pods/one/inner") == 1.5)
        #expect(quota("/free") == nil)
        #expect(quota("/") == nil)
        #expect(quota("/../outside") == nil)
    }

    @Test("a quota of version 1 is that of the hierarchy with the processor")
    func legacyQuota() {
        let mounts = """
            32 31 0:29 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
            33 31 0:30 /docker/ab /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct

            """
        let groups = "5:cpuset:/\n4:cpu,cpuacct:/docker/ab\n0::/\n"
        var files = [
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/cpuset/cpu.cfs_quota_us": "1\n",
            "/sys/fs/cgroup/cpuset/cpu.cfs_period_us": "100000\n",
        ]
        #expect(CoreQuota.least(processor(groups, mounts)) { files[$0] } == 2.5)
        files["/sys/fs/cgroup/cpu/cpu.cfs_quota_us"] = "-1\n"
        #expect(CoreQuota.least(processor(groups, mounts)) { files[$0] } == nil)
    }

    @Test(
        "files that say nothing of use are no quota",
        arguments: ["", "max", "-1 100000", "5 0", "a b", "100000 100000 1", "9e99 1"])
    func noise(text: String) {
        #expect(CoreQuota.least(processor("0::/\n", unified)) { _ in text } == nil)
        #expect(CoreQuota.least(processor(text, text)) { _ in text } == nil)
    }
}
