/// A learning rule as a formula: a sum of products of what a synapse and its two neurons know.
///
/// Each product says by one factor when it is evaluated: at presynaptic spikes `x0`, at
/// postsynaptic spikes `y0`, every 2^K steps `uK`, or once at a sample's end `end`.
package struct SumOfProducts: Sendable, Equatable {
  /// Most products of a rule, those of the tag included.
  package static let termsMax = 16
  /// Most factors of a product, besides its coefficient and what says when it is evaluated.
  package static let factorsMax = 6
  /// Largest K of `uK`: every 4096 steps.
  package static let periodMax = 12

  /// What a factor reads.
  package enum Variable: String, Sendable, CaseIterable {
    /// 1 where the source spikes in this step, else 0.
    case x0
    /// Traces of the source's spikes.
    case x1, x2
    /// 1 where the target spikes in this step, else 0.
    case y0
    /// Traces of the target's spikes.
    case y1, y2, y3
    /// The weight.
    case w
    /// The synapse's tag.
    case t
    /// The reward, -1 to 1.
    case r

    /// Whether a rule declares it as a trace.
    package var isTrace: Bool {
      switch self {
      case .x1, .x2, .y1, .y2, .y3: true
      case .x0, .y0, .w, .t, .r: false
      }
    }

    /// Whether it tells of the source alone.
    package var isPresynaptic: Bool {
      switch self {
      case .x0, .x1, .x2: true
      case .y0, .y1, .y2, .y3, .w, .t, .r: false
      }
    }
  }

  /// When a product is evaluated.
  package enum Occasion: Sendable, Hashable {
    /// At each presynaptic spike.
    case presynapticSpike
    /// At each postsynaptic spike.
    case postsynapticSpike
    /// Whenever so many steps, a power of two, are over.
    case period(exponent: Int)
    /// Once, after the last step of a sample.
    case end
  }

  /// A variable, or a variable plus a constant in its own unit.
  package struct Factor: Sendable, Equatable {
    /// What is read.
    package var variable: Variable
    /// What is added to it.
    package var offset: Double

    /// Reads a variable and adds a constant.
    package init(_ variable: Variable, plus offset: Double = 0) {
      self.variable = variable
      self.offset = offset
    }
  }

  /// One product.
  package struct Term: Sendable, Equatable {
    /// What the factors are multiplied by, with the term's sign.
    package var coefficient: Double
    /// The factors, in the order in which they were written.
    package var factors: [Factor]
    /// When it is evaluated.
    package var occasion: Occasion

    /// Takes the parts as they are.
    package init(_ coefficient: Double, _ factors: [Factor], at occasion: Occasion) {
      self.coefficient = coefficient
      self.factors = factors
      self.occasion = occasion
    }
  }

  /// The products, in the order in which they were written.
  package var terms: [Term]

  /// Takes the products as they are.
  package init(_ terms: [Term]) { self.terms = terms }

  /// Variables that some factor reads.
  package var variables: Set<Variable> {
    Set(terms.flatMap { $0.factors.map(\.variable) })
  }
}

extension SumOfProducts: CustomStringConvertible {
  /// The formula in its canonical form, which reads back as the same sum.
  package var description: String {
    var text = ""
    for (index, term) in terms.enumerated() {
      let isNegative = term.coefficient < 0
      if index > 0 { text += isNegative ? " - " : " + " } else if isNegative { text += "-" }
      text += term.unsigned
    }
    return text
  }
}

extension SumOfProducts.Term {
  /// Without its sign.
  fileprivate var unsigned: String {
    var parts: [String] = []
    let size = abs(coefficient)
    if size != 1 { parts.append(Self.text(size)) }
    for factor in factors {
      let name = factor.variable.rawValue
      let size = Self.text(abs(factor.offset))
      switch factor.offset {
      case 0: parts.append(name)
      case ..<0: parts.append("(\(name) - \(size))")
      default: parts.append("(\(name) + \(size))")
      }
    }
    parts.append(occasion.name)
    return parts.joined(separator: "*")
  }

  /// A power of two as such, any other number as short as it reads back.
  private static func text(_ size: Double) -> String {
    if size > 0, size.significand == 1, size != 1, abs(Int(size.exponent)) <= 60 {
      return "2^\(size.exponent)"
    }
    let text = "\(size)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

extension SumOfProducts.Occasion {
  /// The factor that says so.
  package var name: String {
    switch self {
    case .presynapticSpike: "x0"
    case .postsynapticSpike: "y0"
    case .period(let exponent): "u\(exponent)"
    case .end: "end"
    }
  }
}
