/// The control groups by which a container or a batch system shares out a resource to a process: its
/// own and those around it, each of which may limit it.
struct ControlGroups {
    /// The folder in which the settings of a group are files.
    struct Folder {
        let path: String
        /// Whether it is of version 2, whose files have other names.
        let isUnified: Bool
    }

    let folders: [Folder]

    /// Finds the groups of a process.
    ///
    /// - Parameters:
    ///   - controller: of the resource: `cpu`, `memory`.
    ///   - groups: lines `number:controllers:path`, as /proc/self/cgroup has them.
    ///   - mounts: as /proc/self/mountinfo has them.
    ///
    /// Source: cgroups(7), proc_pid_mountinfo(5).
    init(_ controller: String, groups: String, mounts: String) {
        var folders: [Folder] = []
        for line in mounts.split(separator: "\n") {
            guard let mount = CgroupMount(line, controller: controller) else { continue }
            for line in groups.split(separator: "\n") {
                let fields = line.split(
                    separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                guard fields.count == 3,
                    mount.isUnified
                        ? fields[0] == "0" && fields[1].isEmpty
                        : fields[1].split(separator: ",").contains(Substring(controller))
                else { continue }
                folders += mount.folders(of: String(fields[2])).map {
                    Folder(path: $0, isUnified: mount.isUnified)
                }
            }
        }
        self.folders = folders
    }

    /// Those of this process; `nil` where the system does not tell.
    static func ofProcess(_ controller: String) -> ControlGroups? {
        guard let groups = BoundedFile.text(of: "/proc/self/cgroup"),
            let mounts = BoundedFile.text(of: "/proc/self/mountinfo")
        else { return nil }
        return ControlGroups(controller, groups: groups, mounts: mounts)
    }
}

/// Where a hierarchy of control groups with a controller is mounted.
private struct CgroupMount {
    /// Whether it is of version 2, where one hierarchy has all controllers.
    let isUnified: Bool
    /// The group that the mount point shows.
    let root: String
    let point: String

    /// Reads a line of mountinfo; `nil` for what is no such mount.
    init?(_ line: Substring, controller: String) {
        let fields = line.split(separator: " ")
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else {
            return nil
        }
        switch fields[dash + 1] {
        case "cgroup2": isUnified = true
        case "cgroup" where fields[dash + 3].split(separator: ",").contains(Substring(controller)):
            isUnified = false
        default: return nil
        }
        root = String(fields[3])
        point = String(fields[4])
    }

    /// The folder of a group and those of the groups around it, as far as the mount shows them.
    func folders(of group: String) -> [String] {
        // In a container the path may be the host's, and the mount show the container's own group.
        var path = group
        if root != "/", path == root || path.hasPrefix(root + "/") {
            path.removeFirst(root.count)
        }
        var parts = path.split(separator: "/")
        if parts.contains("..") { parts = [] }
        var folders: [String] = []
        while !parts.isEmpty {
            folders.append("\(point)/\(parts.joined(separator: "/"))")
            parts.removeLast()
        }
        return folders + [point]
    }
}
