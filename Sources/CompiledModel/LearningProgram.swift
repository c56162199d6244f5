/// A learning rule in integers: sums of products over traces, weight, tag and reward.
///
/// Each visit of a synapse adds up the terms of its occasion, `(mantissa * factors) >> shift` each,
/// in units of 2^-16 of a step of the weight, and rounds once: `docs/CHIP.md`, *Sums of products*.
package struct LearningProgram: Sendable, Equatable {
  /// What a factor reads; raw values are those of the file.
  package enum Variable: UInt8, Sendable, CaseIterable {
    /// Whether the source spikes in this step.
    case x0
    /// Traces of the source.
    case x1, x2
    /// Whether the target spikes in this step.
    case y0
    /// Traces of the target.
    case y1, y2, y3
    /// The weight, 16 bits.
    case w
    /// The tag, 16 bits in units of the weight.
    case t
    /// The reward in 1/256.
    case r

    /// Whether it is declared as a trace.
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

  /// How a trace falls at the start of a step.
  package enum Fall: Sendable, Equatable {
    /// To `(x * decay) >> 12`.
    case decay(Int32)
    /// By `x >> shift`, by 1 where that is 0.
    case shift(Int32)
    /// It reads as its impulse in so many steps after a spike, and as 0 later.
    case window(Int32)
  }

  /// A trace of spikes.
  package struct Trace: Sendable, Equatable {
    /// Its name: x1, x2, y1, y2 or y3.
    package var name: Variable
    /// How it falls.
    package var fall: Fall
    /// What a spike adds to it.
    package var impulse: Int32
    /// Whether a spike sets it to the impulse instead.
    package var isNearest: Bool
    /// Whether the terms of a step are evaluated before the spikes of the step raise it.
    package var readsBefore: Bool

    /// Takes the parts as they are.
    package init(
      _ name: Variable, _ fall: Fall, impulse: Int32, isNearest: Bool = false, readsBefore: Bool
    ) {
      self.name = name
      self.fall = fall
      self.impulse = impulse
      self.isNearest = isNearest
      self.readsBefore = readsBefore
    }

    /// The value that a spike leaves where the trace is set: a window counts steps.
    package var start: Int32 {
      if case .window(let steps) = fall { return steps + 1 }
      return impulse
    }

    /// Whether a spike sets it rather than adding to it.
    package var isSet: Bool {
      if case .window = fall { return true }
      return isNearest
    }
  }

  /// When a term is evaluated.
  package enum Occasion: Sendable, Hashable {
    /// At presynaptic spikes, row by row.
    case presynapticSpike
    /// At postsynaptic spikes, column by column.
    case postsynapticSpike
    /// In steps t where `(t + 1) % 2^exponent` is 0.
    case period(exponent: Int32)
    /// After a sample's last step.
    case end
  }

  /// A variable plus a constant.
  package struct Factor: Sendable, Equatable {
    /// What is read.
    package var variable: Variable
    /// What is added.
    package var offset: Int32

    /// Reads a variable and adds a constant.
    package init(_ variable: Variable, plus offset: Int32 = 0) {
      self.variable = variable
      self.offset = offset
    }
  }

  /// A product.
  package struct Term: Sendable, Equatable {
    /// Whether it changes the tag, else the weight.
    package var changesTag: Bool
    /// When it is evaluated.
    package var occasion: Occasion
    /// Signed multiplier of 16 bits.
    package var mantissa: Int32
    /// The product is shifted right by this much, rounding down; left where it is below 0.
    package var shift: Int32
    /// The factors.
    package var factors: [Factor]

    /// Takes the parts as they are.
    package init(
      changesTag: Bool = false, at occasion: Occasion, mantissa: Int32, shift: Int32 = 0,
      _ factors: [Factor]
    ) {
      self.changesTag = changesTag
      self.occasion = occasion
      self.mantissa = mantissa
      self.shift = shift
      self.factors = factors
    }
  }

  /// The declared traces, in the order of their names.
  package var traces: [Trace]
  /// The products.
  package var terms: [Term]
  /// Step between two values of a weight, from the lower bound on; 0 for the chip's own.
  package var weightStep: Int32

  /// Takes the parts as they are.
  package init(traces: [Trace], terms: [Term], weightStep: Int32 = 0) {
    self.traces = traces
    self.terms = terms
    self.weightStep = weightStep
  }

  /// Whether synapses have tags.
  package var hasTags: Bool { terms.contains(where: \.changesTag) }

  /// Whether some term reads the reward.
  package var readsReward: Bool {
    terms.contains { $0.factors.contains { $0.variable == .r } }
  }

  /// Whether some term is evaluated on an occasion.
  package func has(_ occasion: Occasion) -> Bool {
    terms.contains { $0.occasion == occasion }
  }

  /// Largest magnitude that a factor can have.
  package func magnitude(of factor: Factor) -> Int {
    let largest: Int
    switch factor.variable {
    case .x0, .y0: largest = 1
    case .r: largest = LearningProgram.rewardMax
    case .w, .t: largest = Int(ChipArithmetic.traceLimit) + 1
    case .x1, .x2, .y1, .y2, .y3:
      let trace = traces.first { $0.name == factor.variable }
      if let trace, trace.isSet {
        largest = Int(trace.impulse)
      } else {
        largest = Int(ChipArithmetic.traceLimit)
      }
    }
    return largest + abs(Int(factor.offset))
  }

  /// Bits that a term's product can take, shifted left where it is, and without a sign.
  package func width(of term: Term) -> Int {
    var product = abs(Int(term.mantissa)) << Int(max(0, -term.shift))
    for factor in term.factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: magnitude(of: factor))
      guard !overflow else { return Int.bitWidth }
      product = next
    }
    return Int.bitWidth - product.leadingZeroBitCount
  }

  /// Bits that a product may take, so that sums of 16 of them stay within 64.
  package static let productBits = 58
  /// Largest magnitude of the reward in 1/256, less a mean of rewards.
  package static let rewardMax = 512
  /// Most terms, and most factors of a term.
  package static let termsMax = 16
  /// Most factors of a term.
  package static let factorsMax = 6
}

/// Pair STDP, the form of a program that has kernels of its own.
///
/// In steps of the weight: a presynaptic spike takes `(post trace * depression + r) >> 16` from
/// each weight of its row, a postsynaptic spike adds `((pre trace - preTarget) * potentiation + r)
/// >> 16` to each of its column, r uniform in 16 bits.
package struct PairSTDPProgram: Sendable, Equatable {
  /// Decay of the presynaptic trace, 0 to 4096.
  package var preDecay: Int32
  /// Decay of the postsynaptic trace, 0 to 4096.
  package var postDecay: Int32
  /// What a spike adds to either trace, 1 to 4096.
  package var impulse: Int32
  /// Multiplier of potentiation in 2^-16, 0 to 32767.
  package var potentiation: Int32
  /// Multiplier of depression in 2^-16, 0 to 32767.
  package var depression: Int32
  /// Presynaptic trace below which a postsynaptic spike depresses, 0 to 32767.
  package var preTarget: Int32

  /// Takes the parameters as they are.
  package init(
    preDecay: Int32, postDecay: Int32, impulse: Int32, potentiation: Int32, depression: Int32,
    preTarget: Int32 = 0
  ) {
    self.preDecay = preDecay
    self.postDecay = postDecay
    self.impulse = impulse
    self.potentiation = potentiation
    self.depression = depression
    self.preTarget = preTarget
  }
}

extension LearningProgram {
  /// Pair STDP as a program.
  package init(_ pair: PairSTDPProgram) {
    self.init(
      traces: [
        Trace(.x1, .decay(pair.preDecay), impulse: pair.impulse, readsBefore: false),
        Trace(.y1, .decay(pair.postDecay), impulse: pair.impulse, readsBefore: true),
      ],
      terms: [
        Term(
          at: .postsynapticSpike, mantissa: pair.potentiation,
          [Factor(.x1, plus: -pair.preTarget)]),
        Term(at: .presynapticSpike, mantissa: -pair.depression, [Factor(.y1)]),
      ])
  }

  /// The parameters of a program that is pair STDP; nil for any other.
  package var pairForm: PairSTDPProgram? {
    guard traces.count == 2, terms.count == 2, terms[0].factors.count == 1,
      case .decay(let preDecay) = traces[0].fall, case .decay(let postDecay) = traces[1].fall
    else { return nil }
    let pair = PairSTDPProgram(
      preDecay: preDecay, postDecay: postDecay, impulse: traces[0].impulse,
      potentiation: terms[0].mantissa, depression: -terms[1].mantissa,
      preTarget: -terms[0].factors[0].offset)
    let isWithin = [pair.potentiation, pair.depression, pair.preTarget].allSatisfy { $0 >= 0 }
    return isWithin && self == LearningProgram(pair) ? pair : nil
  }
}

extension PlasticityProgram {
  /// Pair STDP, a program.
  package static func pairSTDP(_ pair: PairSTDPProgram) -> PlasticityProgram {
    .program(LearningProgram(pair))
  }

  /// The program of a rule that is one.
  package var program: LearningProgram? {
    if case .program(let program) = self { return program }
    return nil
  }
}
