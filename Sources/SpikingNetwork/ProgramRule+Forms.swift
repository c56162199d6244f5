/// Rules of the field as formulas, with the constants of their papers where these have some.
extension ProgramRule {
  /// A ready-made rule: what it is called and what it is.
  package struct Form: Sendable {
    /// Name for a command line.
    package let name: String
    /// What it is, in one line.
    package let summary: String
    /// The rule.
    package let rule: ProgramRule
  }

  /// All ready-made rules.
  package static var forms: [Form] {
    [
      Form(
        name: "pair", summary: "pair STDP: each pair of spikes counts",
        rule: PairSTDPRule(aPlus: 0.01, aMinus: 0.012).program),
      Form(
        name: "triplet",
        summary: "triplet STDP, minimal all-to-all set of visual cortex (Pfister, Gerstner 2006)",
        rule: triplet()),
      Form(
        name: "diehl-cook", summary: "triplet-like STDP of Diehl and Cook 2015, set traces",
        rule: diehlCook()),
      Form(
        name: "window", summary: "up if the source spiked within some steps, else down",
        rule: window()),
      Form(
        name: "power-of-two", summary: "pair STDP whose traces fall by shifts",
        rule: powerOfTwo()),
      Form(
        name: "one-bit", summary: "weights of one bit that flip with a probability",
        rule: oneBit()),
      Form(
        name: "reward", summary: "pair STDP into a tag, which the reward turns into change",
        rule: rewardModulated()),
    ]
  }

  /// Triplet STDP: potentiation at a postsynaptic spike grows with how recently the target spiked
  /// before.
  ///
  /// `a2Minus` is taken at a presynaptic spike by the fast postsynaptic trace; `a3Plus` is added at
  /// a postsynaptic one by the presynaptic trace times the slow postsynaptic one, which is read
  /// before the spike raises it.
  package static func triplet(
    a3Plus: Double = 6.5e-3, a2Minus: Double = 7.1e-3, tauPlus: Double = 0.0168,
    tauMinus: Double = 0.0337, tauY: Double = 0.114
  ) -> ProgramRule {
    let plus = SumOfProducts.Term(a3Plus, [.init(.x1), .init(.y2)], at: .postsynapticSpike)
    let minus = SumOfProducts.Term(-a2Minus, [.init(.y1)], at: .presynapticSpike)
    return ProgramRule(
      dw: "\(SumOfProducts([plus, minus]))",
      traces: [
        "x1": TraceRule(tau: tauPlus), "y1": TraceRule(tau: tauMinus), "y2": TraceRule(tau: tauY),
      ])
  }

  /// The rule of Diehl and Cook's code: traces are set, not added to.
  package static func diehlCook(nuPre: Double = 1e-4, nuPost: Double = 1e-2) -> ProgramRule {
    let plus = SumOfProducts.Term(nuPost, [.init(.x1), .init(.y2)], at: .postsynapticSpike)
    let minus = SumOfProducts.Term(-nuPre, [.init(.y1)], at: .presynapticSpike)
    return ProgramRule(
      dw: "\(SumOfProducts([plus, minus]))",
      traces: [
        "x1": TraceRule(tau: 0.02, nearest: true), "y1": TraceRule(tau: 0.02, nearest: true),
        "y2": TraceRule(tau: 0.04, nearest: true),
      ])
  }

  /// At a postsynaptic spike a weight rises if its source spiked within `steps`, else it falls as
  /// much.
  package static func window(change: Double = 1.0 / 64, steps: Int = 10) -> ProgramRule {
    let term = SumOfProducts.Term(
      2 * change, [.init(.x1, plus: -0.5)], at: .postsynapticSpike)
    return ProgramRule(
      dw: "\(SumOfProducts([term]))", traces: ["x1": TraceRule(window: steps)])
  }

  /// Pair STDP whose traces lose their `2^shift`-th part in each step.
  package static func powerOfTwo(
    aPlus: Double = 1.0 / 64, aMinus: Double = 1.0 / 64, shift: Int = 4
  ) -> ProgramRule {
    ProgramRule(
      dw: "\(SumOfProducts(SumOfProducts.pairs(aPlus, aMinus)))",
      traces: ["x1": TraceRule(shift: shift), "y1": TraceRule(shift: shift)])
  }

  /// Weights are `weightMin` or `weightMax`; at a postsynaptic spike those of sources that spiked
  /// within `steps` are set with probability `pUp`, the others cleared with `pDown`.
  package static func oneBit(
    pUp: Double = 3.0 / 64, pDown: Double = 1.0 / 64, steps: Int = 10
  ) -> ProgramRule {
    let term = SumOfProducts.Term(
      pUp + pDown, [.init(.x1, plus: -pDown / (pUp + pDown))], at: .postsynapticSpike)
    return ProgramRule(
      dw: "\(SumOfProducts([term]))", traces: ["x1": TraceRule(window: steps)], bits: 1)
  }

  /// Pair STDP collects in a tag, an eligibility that fades; at a sample's end the reward times the
  /// tag changes the weight.
  package static func rewardModulated(
    aPlus: Double = 1.0 / 64, aMinus: Double = 1.0 / 64, rate: Double = 0.25
  ) -> ProgramRule {
    let fading = SumOfProducts.Term(-1.0 / 8, [.init(.t)], at: .period(exponent: 4))
    let change = SumOfProducts.Term(rate, [.init(.r), .init(.t)], at: .end)
    return ProgramRule(
      dw: "\(SumOfProducts([change]))",
      dt: "\(SumOfProducts(SumOfProducts.pairs(aPlus, aMinus) + [fading]))",
      traces: ["x1": TraceRule(tau: 0.02), "y1": TraceRule(tau: 0.02)])
  }
}

extension PairSTDPRule {
  /// The rule as formulas.
  package var program: ProgramRule {
    ProgramRule(
      dw: "\(SumOfProducts(SumOfProducts.pairs(aPlus, aMinus, preTarget: preTarget)))",
      traces: ["x1": TraceRule(tau: tauPre), "y1": TraceRule(tau: tauPost)],
      weightMin: weightMin, weightMax: weightMax, teacher: teacher)
  }
}

extension SumOfProducts {
  /// The two terms of spike pairs: up at a postsynaptic spike by what x1 is above `preTarget`, down
  /// at a presynaptic one by y1.
  fileprivate static func pairs(
    _ aPlus: Double, _ aMinus: Double, preTarget: Double = 0
  ) -> [Term] {
    [
      Term(aPlus, [.init(.x1, plus: -preTarget)], at: .postsynapticSpike),
      Term(-aMinus, [.init(.y1)], at: .presynapticSpike),
    ]
  }
}
