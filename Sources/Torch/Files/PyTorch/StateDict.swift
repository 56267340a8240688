import Base

/// The named tensors of what `torch.save` wrote, found within the wrappers that trainings put around
/// them.
struct StateDict {
    /// In the order of the file.
    private(set) var names: [String] = []
    /// Indices of `PickledObject.tensors`.
    private(set) var tensors: [String: Int] = [:]
    /// What stands under a name in place of a tensor that is read.
    private(set) var obstacles: [String: String] = [:]
    /// What was seen through, a sentence each.
    private(set) var notes: [String] = []

    /// The keys of wrappers, the one that is taken first if there are several: Lightning's and
    /// torchvision's, the authors' of DeiT and BEiT, DeepSpeed's, others, and SuperGradients'.
    static let wrappers = ["state_dict", "model", "module", "model_state_dict", "net"]
    /// The keys of moving averages, which nobody gets unless asked for.
    static let averages = [
        "state_dict_ema", "ema_state_dict", "model_ema", "ema_model", "ema", "ema_net",
    ]
    /// More wrappers within each other than anybody writes.
    private static let depth = 4

    /// Finds the tensors.
    ///
    /// - Parameter entry: the key of those that are meant; nil for the first of the wrappers.
    /// - Throws: `WeightsProblem` for what holds none, or several sets of them of which none is a
    ///   wrapper's, or holds none of the key.
    init(of object: PickledObject, entry: String?) throws(WeightsProblem) {
        var value = object.root
        var path: [String] = []
        var others: [String] = []
        var entry = entry
        while path.count < Self.depth {
            guard let entries = object.texts(value) else {
                throw Self.problem(value, path, of: object)
            }
            guard let key = try Self.wrapper(entry, entries, path, of: object) else { break }
            if path.isEmpty { others = Self.others(than: key, in: entries) }
            guard let inner = entries[key] else { break }
            value = inner
            path.append(key)
            entry = nil
        }
        if !path.isEmpty {
            notes.append(
                "the weights are its entry \(Self.quoted(path))"
                    + (others.isEmpty ? "" : "; left aside: \(others.listed)"))
        }
        guard let items = object.container(value, .dictionary)?.items else {
            throw Self.problem(value, path, of: object)
        }
        try take(items, path, of: object)
    }

    private static func quoted(_ path: [String]) -> String { path.joined(separator: ".").quoted }

    /// The key behind which the tensors lie; nil where they lie here.
    private static func wrapper(
        _ entry: String?, _ entries: [String: PickleValue], _ path: [String],
        of object: PickledObject
    ) throws(WeightsProblem) -> String? {
        if let entry {
            guard let value = entries[entry] else {
                throw WeightsProblem(
                    message: "has no entry \(entry.quoted); it has "
                        + entries.keys.sorted().map(\.quoted).listed)
            }
            guard object.texts(value) != nil else {
                throw problem(value, path + [entry], of: object)
            }
            return entry
        }
        var known: [Int: Bool] = [:]
        if let key = wrappers.first(where: { leadsOn(entries[$0], of: object, depth, &known) }) {
            return key
        }
        guard !entries.values.contains(where: isTensor) else { return nil }
        // A pickled network, behind its usual key, is to be named.
        if let key = wrappers.first(where: { isForeign(entries[$0]) }) { return key }
        var sets: [String] = []
        var held: [Int: Bool] = [:]
        for (key, value) in entries where holdsTensors(value, of: object, &held) {
            sets.append(key)
        }
        sets.sort()
        guard !sets.isEmpty else { return nil }
        throw WeightsProblem(
            message:
                "holds tensors under \(sets.map(\.quoted).listed); name the entry that is meant",
            needsEntry: true)
    }

    /// Whether a value is a dictionary with a tensor in it.
    ///
    /// - Parameter known: as for `leadsOn`.
    private static func holdsTensors(
        _ value: PickleValue, of object: PickledObject, _ known: inout [Int: Bool]
    ) -> Bool {
        guard case .container(let index) = value else { return false }
        if let answer = known[index] { return answer }
        let answer = object.texts(value)?.values.contains(where: isTensor) ?? false
        known[index] = answer
        return answer
    }

    private static func isTensor(_ value: PickleValue?) -> Bool {
        if case .tensor? = value { true } else { false }
    }

    private static func isForeign(_ value: PickleValue?) -> Bool {
        if case .foreign? = value { true } else { false }
    }

    /// Whether a dictionary holds what could be tensors, itself or behind wrappers.
    ///
    /// - Parameter known: the answers of containers that were looked at: a file may have one in many
    ///   places.
    private static func leadsOn(
        _ value: PickleValue?, of object: PickledObject, _ depth: Int, _ known: inout [Int: Bool]
    ) -> Bool {
        guard depth > 0, case .container(let index)? = value else { return false }
        if let answer = known[index] { return answer }
        guard let entries = object.texts(.container(index)) else { return false }
        known[index] = false
        let answer =
            entries.values.contains { isTensor($0) || isForeign($0) }
            || wrappers.contains { leadsOn(entries[$0], of: object, depth - 1, &known) }
        known[index] = answer
        return answer
    }

    /// What lies beside the entry that is taken, as a message shows it.
    private static func others(
        than key: String, in entries: [String: PickleValue]
    ) -> [String] {
        let others = entries.keys.filter { $0 != key }.sorted()
        // A moving average comes first: somebody may have wanted it.
        let sorted =
            others.filter(averages.contains) + others.filter { !averages.contains($0) }
        return sorted.map { other in
            guard case .foreign(let name)? = entries[other] else { return other.quoted }
            return "\(other.quoted) (\(name.clipped))"
        }
    }

    private mutating func take(
        _ items: [PickleValue], _ path: [String], of object: PickledObject
    ) throws(WeightsProblem) {
        var others: [String] = []
        for index in stride(from: 0, to: items.count, by: 2) {
            guard case .text(let name) = items[index] else {
                others.append("an entry without a name")
                continue
            }
            guard tensors[name] == nil, obstacles[name] == nil else {
                throw WeightsProblem(message: "holds \(name.quoted) twice")
            }
            switch items[index + 1] {
            case .tensor(let tensor):
                let type = object.storages[object.tensors[tensor].storage].type
                if type.dtype == nil {
                    obstacles[name] = "of torch.\(type.rawValue), whose numbers are not read"
                } else {
                    names.append(name)
                    tensors[name] = tensor
                }
            case .foreign(let foreign):
                obstacles[name] = "made by \(foreign.clipped), which is never run"
            default: others.append(name.quoted)
            }
        }
        guard !names.isEmpty else {
            if let (name, obstacle) = obstacles.min(by: { $0.key < $1.key }) {
                throw WeightsProblem(message: "holds no tensors: \(name.quoted) is \(obstacle)")
            }
            let place = path.isEmpty ? "" : " in its entry \(Self.quoted(path))"
            throw WeightsProblem(
                message: "holds no tensors\(place)"
                    + (others.isEmpty ? "" : ", but \(others.sorted().listed)"))
        }
        let left = obstacles.map { "\($0.key.quoted) (\($0.value))" }.sorted() + others.sorted()
        if !left.isEmpty { notes.append("left aside, as no tensors: \(left.listed)") }
    }

    /// Of a value in which named tensors are looked for, and which can hold none.
    private static func problem(
        _ value: PickleValue, _ path: [String], of object: PickledObject
    ) -> WeightsProblem {
        let place = path.isEmpty ? "" : "its entry \(quoted(path)) "
        switch value {
        case .foreign(let name):
            return WeightsProblem(
                message:
                    "\(place)is made by \(name.clipped), which is never run; whoever trusts it "
                    + "loads it in Python and saves its state_dict()")
        case .tensor:
            return WeightsProblem(message: "\(place)is one tensor, and no network's weights")
        default:
            return WeightsProblem(message: "\(place)holds no named tensors")
        }
    }
}
