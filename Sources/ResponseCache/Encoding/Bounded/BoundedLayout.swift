import Foundation

/// How the rows of encoding `bounded` lie in bits.
///
/// A row stores as few classes as keep its divergence within the bound, most probable first. Their
/// probabilities are powers of 2^(-1/steps), relative to the first; what all other classes have
/// together is another such power. They share it evenly or, where the row says so, as the prior of
/// the two most probable classes does, each weighted by its class's probability. Readers divide by
/// the sum, so nothing is ever negative and every class has something. With `steps` = 2^`fineness`,
/// and the bits of a row taken from the lowest bit of its first byte upwards, a row of n classes is
/// ```
/// tail     5 + fineness bits   the others' weight is 2^(16 - tail / steps)
/// prior    1 bit               whether the others share by the prior
/// ranks    1 bit               whether the third and later classes are named by rank
/// count    I bits              n - 1; I is as many bits as classes - 1 has
/// classes  I bits each         all n; by rank, the first two
/// kinds    2 bits each         by rank, for the third and later classes
/// names    by kind             by rank, for the third and later classes
/// steps    unary               for the second and later classes: a 0 for each step by which the
///                              class's code is above the one before, and then a 1
/// ```
/// and zeros to the end of its last byte. A class's weight is 2^(-code / steps), the first one's 1.
/// Where all classes are stored there are no others, and the tail means nothing. By rank, a class is
/// one of the look-alikes (`ResponsePrior`) of the row's first two:
/// ```
/// kind 0   4 bits              the first class's look-alike of this rank
/// kind 1   4 bits              the second class's
/// kind 2   1 + 5 bits          the first (0) or the second (1) class's, of rank 16 + the number
/// kind 3   I bits              any class
/// ```
/// One byte says how long a row is (``bytes(of:)``). Two of its values stand for rows too flat for
/// this: ``everyCode`` for one that holds a code of 4 + fineness bits for each class, in their
/// order; ``everyFloat`` for one that holds the float32 of each, little-endian, which bounds far
/// below 0.01 may ask for.
struct BoundedLayout: Equatable, Sendable {
    /// The length that stands for a row of codes.
    static let everyCode: UInt8 = 0
    /// The length that stands for a row of float32.
    static let everyFloat: UInt8 = 255

    /// Classes per row.
    let classes: Int
    /// The binary logarithm of the steps to an octave.
    let fineness: Int
    /// Bits of a class.
    let indexBits: Int
    /// 2^(-code / steps) for each code.
    let weights: [Float]
    /// 2^(16 - tail / steps) for each tail.
    let tailWeights: [Double]
    /// How the classes that a row does not store share what they have, where the row says so.
    var prior: ResponsePrior?

    /// The layout for a bound.
    ///
    /// Rounding a logarithm to a step of s nats costs s²/24 nats on average and s²/8 at most. The
    /// largest step with s² ≤ 6 · `maxKL` leaves three quarters of the average for left-out classes.
    init(maxKL: Double, classes: Int, prior: ResponsePrior? = nil) {
        precondition(prior.map { $0.classes == classes } ?? true, "a prior of other classes")
        self.classes = classes
        self.prior = prior
        var fineness = 0
        while fineness < 8, pow(log(2) / Double(1 << fineness), 2) > 6 * maxKL { fineness += 1 }
        self.fineness = fineness
        indexBits = Int.bitWidth - (classes - 1).leadingZeroBitCount
        let steps = Double(1 << fineness)
        weights = (0..<16 << fineness).map { Float(exp2(-Double($0) / steps)) }
        tailWeights = (0..<32 << fineness).map { exp2(16 - Double($0) / steps) }
    }

    /// Bits of a code where every class has one.
    var codeBits: Int { 4 + fineness }
    /// Bits of the tail.
    var tailBits: Int { 5 + fineness }
    /// Bits before the first class.
    var headBits: Int { tailBits + 2 + indexBits }
    /// Whether classes can be named by rank.
    var hasRanks: Bool { prior.map { !$0.lookAlikes.isEmpty } ?? false }

    /// The bytes of a row whose length is written so.
    ///
    /// Up to 63 the number itself; above, a float of 5 bits of mantissa, 64 to 3,968 bytes.
    func bytes(of length: UInt8) -> Int {
        switch length {
        case Self.everyCode: (classes * codeBits + 7) / 8
        case Self.everyFloat: 4 * classes
        case 0..<64: Int(length)
        default: (32 + Int(length & 31)) << (Int(length >> 5) - 1)
        }
    }

    /// The shortest length that holds so many bytes, at least 1; nil if there is none.
    func length(bytes: Int) -> UInt8? {
        (1..<Self.everyFloat).first { self.bytes(of: $0) >= bytes }
    }

    /// Where each row starts, and where the last one ends, in bytes.
    func starts(of lengths: [UInt8]) -> [Int] {
        var starts = [0]
        starts.reserveCapacity(lengths.count + 1)
        for length in lengths { starts.append(starts[starts.count - 1] + bytes(of: length)) }
        return starts
    }

    /// The code of a weight that is 2^`-octaves` of the first.
    func code(octaves: Double) -> Int {
        let code = (octaves * Double(1 << fineness)).rounded()
        return Int(min(max(code, 0), Double(weights.count - 1)))
    }

    /// The tail for a weight that is 2^`-octaves` of the first.
    func tail(octaves: Double) -> Int {
        let code = ((16 + octaves) * Double(1 << fineness)).rounded()
        return Int(min(max(code, 0), Double(tailWeights.count - 1)))
    }
}
