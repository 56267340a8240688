import Recipes

/// What a plan knows of a machine: seconds for each view, and bytes of a response.
struct PlanFigures {
    /// Responses that were encoded.
    struct Sample {
        let responses: Int
        /// The mean over teachers, as the following.
        let bytesPerResponse: Double
        let bytesPerPart: Double
    }

    /// A training step and the rendering before it.
    let training: Double?
    /// Of all teachers: a forward pass, the same with rendering, and reading what it said. `nil`
    /// where a recipe has no teacher, or nothing is known.
    let forward: Double?
    let caching: Double?
    let reading: Double?
    let sample: Sample?
    let memory: RecipeMeasurement.Memory?

    /// Of speeds in images a second that somebody knows: each teacher has the same one, and rendering
    /// and reading are in them.
    init(studentSpeed: Double?, teacherSpeed: Double?, teachers: Int) {
        training = studentSpeed.map { 1 / $0 }
        let teacher = teachers > 0 ? teacherSpeed.map { Double(teachers) / $0 } : nil
        (forward, caching) = (teacher, teacher)
        reading = teacher.map { _ in 0 }
        (sample, memory) = (nil, nil)
    }

    init(_ measured: RecipeMeasurement) {
        training = 1 / measured.training.imagesPerSecond
        memory = measured.trainingMemory
        let teachers = measured.teachers
        guard !teachers.isEmpty else {
            (forward, caching, reading, sample) = (nil, nil, nil, nil)
            return
        }
        func sum(_ seconds: (RecipeMeasurement.Teacher) -> Double) -> Double {
            teachers.reduce(0) { $0 + seconds($1) }
        }
        forward = sum { 1 / $0.forward.imagesPerSecond }
        caching = sum { 1 / $0.caching.imagesPerSecond }
        reading = sum { 1 / $0.rowsPerSecond }
        sample = Sample(
            responses: teachers.reduce(0) { $0 + $1.sampled },
            bytesPerResponse: sum(\.bytesPerResponse) / Double(teachers.count),
            bytesPerPart: sum { Double($0.bytesPerPart) } / Double(teachers.count))
    }

    /// All that a break-even takes; `nil` where some of it is not known.
    var costs: BreakEven.Costs? {
        guard let training, let forward, let caching, let reading else { return nil }
        return BreakEven.Costs(
            training: training, forward: forward, caching: caching, reading: reading)
    }
}

extension Recipe {
    /// The teachers that have caches.
    var cachedTeachers: [Recipe.Teacher] { cache == nil ? [] : teachers }
}
