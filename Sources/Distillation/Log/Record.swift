import Learning

/// Facts beside the losses that were measured, in JSON as one flat object.
@dynamicMemberLookup
struct Record<Facts: FlatFacts>: Codable, Equatable, Sendable {
    var facts: Facts
    var losses: Measures

    init(_ facts: Facts, losses: Measures) {
        self.facts = facts
        self.losses = losses
    }

    subscript<Value>(dynamicMember member: KeyPath<Facts, Value>) -> Value {
        facts[keyPath: member]
    }

    subscript<Value>(dynamicMember member: WritableKeyPath<Facts, Value>) -> Value {
        get { facts[keyPath: member] }
        set { facts[keyPath: member] = newValue }
    }

    /// The keys of its JSON, given the names of the losses.
    static func keys(losses names: [String]) -> [String] {
        Facts.CodingKeys.allCases.map(\.stringValue) + names
    }

    /// Reads the facts by their keys, and the losses that this program knows.
    init(from decoder: any Decoder) throws {
        facts = try Facts(from: decoder)
        let container = try decoder.container(keyedBy: Name.self)
        let names = Loss.allNames.filter {
            Loss.namesAlwaysTold.contains($0) || container.contains(Name($0))
        }
        losses = Measures(
            names, try names.map { try container.decode(Double.self, forKey: Name($0)) })
    }

    func encode(to encoder: any Encoder) throws {
        try facts.encode(to: encoder)
        var container = encoder.container(keyedBy: Name.self)
        for figure in losses.figures {
            try container.encode(figure.value, forKey: Name(figure.name))
        }
    }

    /// The name of a figure as a key.
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { return nil }
    }
}

/// Facts that know their keys, none of which is the name of a loss.
protocol FlatFacts: Codable, Equatable, Sendable {
    associatedtype CodingKeys: CodingKey, CaseIterable
}

/// One step, as `--trace` records it.
typealias StepRecord = Record<StepFacts>

/// What is recorded of a step besides its losses, which are means over the step's images.
struct StepFacts: FlatFacts {
    /// The training epoch, from 0.
    let epoch: Int
    /// The step within the epoch, from 0.
    let step: Int
    /// The learning rate.
    let lr: Double
    /// The decay of the moving average; 0 without one.
    let emaDecay: Double
    /// The norm of all gradients together, before they were clipped.
    let gradNorm: Double

    enum CodingKeys: String, CodingKey, CaseIterable {
        case epoch, step, lr
        case emaDecay = "ema_decay"
        case gradNorm = "grad_norm"
    }
}

/// One epoch, as `metrics.jsonl` records it.
typealias EpochRecord = Record<EpochFacts>

/// What is recorded of an epoch besides its losses, which are means over the epoch's images.
struct EpochFacts: FlatFacts {
    /// The training epoch, from 0.
    let epoch: Int
    /// The epoch of views that it saw.
    let viewEpoch: Int
    /// The learning rate of the last step.
    let lr: Double
    /// Top-1 accuracy of the moving average, or of the trained network where there is none, on the
    /// validation images, in percent.
    let top1: Double
    /// Top-5 accuracy of the same, in percent.
    let top5: Double
    /// Top-1 accuracy of the trained network, where it was measured beside its moving average.
    var rawTop1: Double?
    /// Top-5 accuracy of the same, in percent.
    var rawTop5: Double?
    /// Whether the snapshot is among the best.
    let kept: Bool
    /// Training images for each second spent in the epoch's steps.
    let imagesPerSecond: Double
    /// The share of the steps' time in which they waited for their views, 0…1; `nil` in logs of earlier
    /// versions.
    var dataWait: Double?
    /// Wall time since the training began, in seconds, over all starts.
    let seconds: Double
    /// Images so far that stood in for ones that could not be decoded.
    let substituted: Int

    enum CodingKeys: String, CodingKey, CaseIterable {
        case epoch, lr, top1, top5, kept, seconds, substituted
        case rawTop1 = "raw_top1"
        case rawTop5 = "raw_top5"
        case viewEpoch = "view_epoch"
        case imagesPerSecond = "images_per_second"
        case dataWait = "data_wait"
    }
}
