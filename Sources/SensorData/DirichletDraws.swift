import SpikingNetwork

/// Draws of a Dirichlet distribution out of + - * / and square roots: the same on every machine.
///
/// Gamma variates after Marsaglia and Tsang 2000, from normal ones by Marsaglia's polar method.
/// They are kept as logarithms, so that parameters far below 1 do not underflow.
struct DirichletDraws {
  private let stream: UInt64

  /// The draws of one stream.
  init(stream: UInt64) { self.stream = stream }

  /// Shares of so many, which sum to 1, of the symmetric distribution with this parameter.
  func shares(alpha: Double, count: Int) -> [Double] {
    precondition(alpha > 0 && count > 0, "\(count) shares of a Dirichlet of \(alpha)")
    let logarithms = (0..<count).map { place in
      var uniforms = Uniforms(stream: CounterRandom.draw(stream, UInt64(place)))
      return Self.logarithmOfGamma(alpha, &uniforms)
    }
    let most = logarithms.max() ?? 0
    let weights = logarithms.map { NaturalExponential.exponential($0 - most) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// The logarithm of a gamma variate of a shape, of scale 1.
  private static func logarithmOfGamma(_ shape: Double, _ uniforms: inout Uniforms) -> Double {
    guard shape >= 1 else {
      // Gamma(a) is Gamma(a + 1) times U to the power 1 / a.
      return logarithmOfGamma(shape + 1, &uniforms)
        + NaturalExponential.logarithm(uniforms.next()) / shape
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal(&uniforms)
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      let logarithm = NaturalExponential.logarithm(v)
      if NaturalExponential.logarithm(uniforms.next()) < x * x / 2 + d - d * v + d * logarithm {
        return NaturalExponential.logarithm(d) + logarithm
      }
    }
  }

  private static func normal(_ uniforms: inout Uniforms) -> Double {
    while true {
      let (x, y) = (2 * uniforms.next() - 1, 2 * uniforms.next() - 1)
      let square = x * x + y * y
      guard square > 0, square < 1 else { continue }
      return x * (-2 * NaturalExponential.logarithm(square) / square).squareRoot()
    }
  }

  /// Uniform numbers between 0 and 1, neither included.
  private struct Uniforms {
    let stream: UInt64
    private var drawn: UInt64 = 0

    init(stream: UInt64) { self.stream = stream }

    mutating func next() -> Double {
      defer { drawn += 1 }
      return (Double(CounterRandom.draw(stream, drawn) >> 12) + 0.5) * 0x1p-52
    }
  }
}
