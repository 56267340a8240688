extension DrawStream {
    /// A number in 0…1 from Beta(a, b).
    ///
    /// - a = b = 1: `uniform()`. One draw.
    /// - a, b ≤ 1: Jöhnk's method. Repeat u, v = `openUniform()`, x = u^(1/a), y = v^(1/b) until
    ///   x + y ≤ 1; then x / (x + y). Where both powers underflow, the ratio is formed from their
    ///   logarithms.
    /// - otherwise: X / (X + Y) with X, Y from Gamma(a), Gamma(b), X drawn first.
    ///
    /// Source: Jöhnk 1964, as in Devroye, "Non-Uniform Random Variate Generation", IX.3.
    package mutating func beta(_ a: Double, _ b: Double) -> Double {
        precondition(a > 0 && b > 0, "Beta's parameters must be above 0")
        if a == 1, b == 1 { return uniform() }
        if a > 1 || b > 1 {
            let x = gamma(a)
            return x / (x + gamma(b))
        }
        while true {
            let logX = ExactMath.log(openUniform()) / a
            let logY = ExactMath.log(openUniform()) / b
            let x = ExactMath.exp(logX)
            let sum = x + ExactMath.exp(logY)
            if sum > 1 { continue }
            if sum > 0 { return x / sum }
            let largest = max(logX, logY)
            let scaledX = ExactMath.exp(logX - largest)
            return scaledX / (scaledX + ExactMath.exp(logY - largest))
        }
    }

    /// A number from Gamma(shape, 1).
    ///
    /// Shape ≥ 1, with d = shape - 1/3 and c = 1 / sqrt(9d): repeat z = `normal()` until
    /// v = (1 + c·z)³ > 0, then u = `openUniform()`, until ln u < z²/2 + d - d·v + d·ln v; the result
    /// is d·v. Shape < 1: Gamma(shape + 1) times `openUniform()`^(1/shape), in that order.
    ///
    /// Source: Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
    mutating func gamma(_ shape: Double) -> Double {
        if shape < 1 {
            let larger = gamma(shape + 1)
            return larger * ExactMath.exp(ExactMath.log(openUniform()) / shape)
        }
        let d = shape - 1.0 / 3.0
        let c = 1 / (9 * d).squareRoot()
        while true {
            let z = normal()
            let t = 1 + c * z
            guard t > 0 else { continue }
            let v = t * t * t
            let bound = 0.5 * z * z + d - d * v + d * ExactMath.log(v)
            if ExactMath.log(openUniform()) < bound { return d * v }
        }
    }
}
