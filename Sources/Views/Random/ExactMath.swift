/// Elementary functions from IEEE 754's exact operations alone (+, -, ×, ÷, square root), so that a
/// draw is the same on every platform and with every C library. Within a few units in the last
/// place of the true value; the fixed result, not the last place, is the point.
enum ExactMath {
    /// The natural logarithm of a positive normal number.
    static func log(_ x: Double) -> Double {
        precondition(x.isNormal && x > 0, "the logarithm of \(x) is not drawn")
        // x = m · 2^k with m in [√½, √2), so that s below stays within ±0.172.
        var k = Double(x.exponent)
        var m = x.significand
        if m >= 1.414_213_562_373_095_1 {
            m *= 0.5
            k += 1
        }
        // ln m = 2 artanh(s) = 2 (s + s³/3 + s⁵/5 + …); the first term left out is below 1e-18.
        let s = (m - 1) / (m + 1)
        let square = s * s
        var series = 0.0
        for divisor in stride(from: 21.0, through: 3.0, by: -2.0) {
            series = (series + 1 / divisor) * square
        }
        return (2 * (s + s * series) + k * logarithmOf2.low) + k * logarithmOf2.high
    }

    /// e to the power `x`; 0 below -708, where the result would no longer be a normal number.
    static func exp(_ x: Double) -> Double {
        precondition(x < 709, "the exponential of \(x) is not drawn")
        guard x >= -708 else { return 0 }
        // x = k ln 2 + r with |r| ≤ ln 2 / 2.
        let k = (x * 1.442_695_040_888_963_4).rounded(.toNearestOrEven)
        let r = (x - k * logarithmOf2.high) - k * logarithmOf2.low
        // Taylor's series by Horner's rule; the first term left out is below 5e-18.
        var series = 1.0
        for divisor in stride(from: 13.0, through: 1.0, by: -1.0) {
            series = 1 + r / divisor * series
        }
        return Double(sign: .plus, exponent: Int(k), significand: series)
    }

    /// ln 2 in two parts; the upper has 21 trailing zero bits, so k · high is exact for |k| < 2^21.
    private static let logarithmOf2 = (high: 0x1.62e42feep-1, low: 0x1.a39ef35793c76p-33)

    /// The number below which a standard normal variable falls with probability `p`, 0 < p < 1.
    ///
    /// Source: Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988,
    /// PPND16: relative error about 1e-16.
    static func normalQuantile(_ p: Double) -> Double {
        let q = p - 0.5
        if abs(q) <= 0.425 {
            let r = 0.180625 - q * q
            return q * ratio(r, centre)
        }
        var r = (-log(q < 0 ? p : 1 - p)).squareRoot()
        let value: Double
        if r <= 5 {
            r -= 1.6
            value = ratio(r, shoulder)
        } else {
            r -= 5
            value = ratio(r, tail)
        }
        return q < 0 ? -value : value
    }

    /// Two polynomials of degree 7, constant term first.
    private typealias Rational = (numerator: [Double], denominator: [Double])

    private static func ratio(_ r: Double, _ rational: Rational) -> Double {
        horner(r, rational.numerator) / horner(r, rational.denominator)
    }

    private static func horner(_ r: Double, _ coefficients: [Double]) -> Double {
        coefficients.reversed().reduce(0) { $0 * r + $1 }
    }

    private static let centre: Rational = (
        [
            3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
            1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
            3.3430575583588128105e4, 2.5090809287301226727e3,
        ],
        [
            1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
            2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
            5.2264952788528545610e3,
        ]
    )
    private static let shoulder: Rational = (
        [
            1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
            3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
            2.27238449892691845833e-2, 7.74545014278341407640e-4,
        ],
        [
            1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
            1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
            1.05075007164441684324e-9,
        ]
    )
    private static let tail: Rational = (
        [
            6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
            2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
            2.71155556874348757815e-5, 2.01033439929228813265e-7,
        ],
        [
            1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
            7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
            2.04426310338993978564e-15,
        ]
    )
}
