import SpikingNetwork
import Testing

@Suite struct SumOfProductsTests {
  private typealias Term = SumOfProducts.Term
  private typealias Factor = SumOfProducts.Factor

  @Test func `a rule is read as it is written`() throws {
    let sum = try SumOfProducts(reading: "dw = 2^-2*x1*y0 - 0.5 * (y1 + 3)*x0 + u3*2*w*(t - 1)*r")
    #expect(
      sum.terms == [
        Term(0.25, [Factor(.x1)], at: .postsynapticSpike),
        Term(-0.5, [Factor(.y1, plus: 3)], at: .presynapticSpike),
        Term(
          2, [Factor(.w), Factor(.t, plus: -1), Factor(.r)], at: .period(exponent: 3)),
      ])
  }

  @Test func `spikes beside the one that says when are factors`() throws {
    func only(_ text: String) throws -> Term? { try SumOfProducts(reading: text).terms.first }
    #expect(try only("x0*y0") == Term(1, [Factor(.x0)], at: .postsynapticSpike))
    #expect(try only("x0*x0*x1") == Term(1, [Factor(.x1)], at: .presynapticSpike))
    #expect(
      try only("-end*y0*x0") == Term(-1, [Factor(.x0), Factor(.y0)], at: .end))
  }

  @Test func `a canonical text reads back as the same sum`() throws {
    for seed in UInt64(0)..<500 {
      var draws = Draws(seed: seed)
      let sum = draws.sum()
      let text = "\(sum)"
      let read = try SumOfProducts(reading: text)
      #expect(read == sum, "\(text)")
      #expect("\(read)" == text)
    }
  }

  @Test(arguments: [
    ("", 1, 1, "the end", "a number, a name or `(`"),
    ("2*x1*y0 - 3*z1*x0", 2, 13, "`z1`", "one of x0 x1"),
    ("x1*y0 - 2*y1", 2, 13, "no factor that says when", "one of x0, y0"),
    ("x1*y0 y1*x0", 2, 7, "`y`", "`*`, `+` or `-`"),
    ("x1*y0 + + y1*x0", 2, 9, "`+`", "a number, a name or `(`"),
    ("x1*(w y0", 1, 7, "`y`", "`+` or `-`"),
    ("x1*(w - y0)*y0", 1, 9, "`y`", "a number"),
    ("x1*(w - 1*y0", 1, 10, "`*`", "`)`"),
    ("(x0 - 1)*y0", 1, 2, "`x0` in brackets", "a name other than x0 and y0"),
    ("3^2*y0", 1, 1, "a power of `3`", "a power of 2"),
    ("2^61*y0", 1, 1, "`2^61`", "an exponent of -60 to 60"),
    ("1e999*y0", 1, 1, "`1e999`", "a finite number"),
    ("2^60*2^60*1e300*y0", 1, 19, "a coefficient beyond all numbers", "a finite one"),
    ("u13*w", 1, 1, "`u13`", "u0 to u12"),
    ("u1*u2*w", 1, 4, "`u2`", "one clock in a term"),
    ("dt = x1*y0", 1, 1, "`dt =`", "`dw =`"),
    ("x1*y0*w*w*w*w*w*w", 1, 18, "7 factors", "at most 6"),
    ("x1*y0 ± x0", 2, 7, "`±`", "`*`, `+` or `-`"),
  ])
  func `what is wrong is named by term and column`(
    _ text: String, _ term: Int, _ column: Int, _ found: String, _ expected: String
  ) throws {
    let error = try #require(throws: RuleTextError.self) { try SumOfProducts(reading: text) }
    #expect(error.term == term && error.column == column, "\(error)")
    #expect(error.found == found && error.expected.hasPrefix(expected), "\(error)")
  }

  @Test func `a rule has at most 16 terms`() throws {
    func text(_ count: Int) -> String {
      [String](repeating: "x1*y0", count: count).joined(separator: "+")
    }
    #expect(try SumOfProducts(reading: text(16)).terms.count == 16)
    #expect(throws: RuleTextError.self) { try SumOfProducts(reading: text(17)) }
  }

  @Test func `any bytes are read or refused`() {
    let letters = Array("xywtru0123 *+-()^=.e\u{E9}")
    for seed in UInt64(0)..<2000 {
      var draws = Draws(seed: seed)
      let text = String((0..<draws.pick(0...20)).map { _ in letters[draws.pick(0...19)] })
      guard let sum = try? SumOfProducts(reading: text) else { continue }
      #expect((try? SumOfProducts(reading: "\(sum)")) == sum, "\(text)")
    }
  }

  @Test func `ready-made rules are sound and canonical`() throws {
    for form in ProgramRule.forms {
      let sum = try form.rule.weightChange()
      #expect("\(sum)" == form.rule.dw, "\(form.name)")
      #expect(try form.rule.tagChange().map { "\($0)" } == form.rule.dt)
      var network = Self.network
      network.projections[0].plasticity = .program(form.rule)
      try network.validate()
    }
  }

  @Test func `a rule's faults are named by their place`() {
    func field(_ change: (inout ProgramRule) -> Void) -> String? {
      var rule = ProgramRule.rewardModulated()
      change(&rule)
      var network = Self.network
      network.projections[0].plasticity = .program(rule)
      do { try network.validate() } catch { return "\(error)" }
      return nil
    }
    let place = "network: projections[0].plasticity"
    #expect(field { _ in } == nil)
    #expect(
      field { $0.dw = "0.5*q*end" }
        == "\(place).dw is `q` in term 1 at column 5, expected one of x0 x1 x2 y0 y1 y2 y3 w t r, "
        + "uK, end; correct the formula there")
    #expect(field { $0.dt = nil }?.hasPrefix("\(place).dw is the tag t") == true)
    #expect(field { $0.traces["y1"] = nil }?.hasPrefix("\(place).traces.y1 is no trace") == true)
    #expect(
      field { $0.traces["x2"] = TraceRule(tau: 1) }?.hasPrefix("\(place).traces.x2 is a trace")
        == true)
    #expect(
      field { $0.traces["z1"] = TraceRule(tau: 1) }?.hasPrefix("\(place).traces is `z1`") == true)
    #expect(
      field { $0.traces["x1"] = TraceRule() }?.hasPrefix("\(place).traces.x1 is 0 of tau") == true)
    #expect(
      field { $0.traces["x1"] = TraceRule(shift: 15) }?.hasPrefix("\(place).traces.x1.shift is 15")
        == true)
    #expect(
      field { $0.traces["x1"] = TraceRule(window: 4096) }?
        .hasPrefix("\(place).traces.x1.window is 4096") == true)
    #expect(field { $0.bits = 17 }?.hasPrefix("\(place).bits is 17") == true)
    #expect(field { $0.weightMax = -1 }?.hasPrefix("\(place).weightMax is -1") == true)
  }

  private static let network = SpikingNetwork(
    name: "rules", timeStep: 0.001, steps: 10, encoder: .bernoulli(seed: 1),
    populations: [
      Population(name: "input", size: 2, model: .input),
      Population(name: "output", size: 2, model: .lif(LIFParameters(tauMem: 0.02))),
    ],
    projections: [
      Projection(
        source: "input", target: "output", weights: [Float](repeating: 0.5, count: 4))
    ])
}

/// Draws for made-up formulas.
private struct Draws {
  private let stream: UInt64
  private var next: UInt64 = 0

  init(seed: UInt64) { stream = CounterRandom(seed: seed, purpose: .training).stream(0) }

  mutating func pick(_ range: ClosedRange<Int>) -> Int {
    defer { next += 1 }
    return range.lowerBound + Int(CounterRandom.draw(stream, next) % UInt64(range.count))
  }

  mutating func sum() -> SumOfProducts {
    SumOfProducts((0..<pick(1...5)).map { _ in term() })
  }

  private mutating func number() -> Double {
    switch pick(0...3) {
    case 0: Double(sign: .plus, exponent: pick(-60...60), significand: 1)
    case 1: Double(pick(0...1000))
    case 2: Double(pick(1...1_000_000)) / 1e9
    default: Double(pick(1...1_000_000_000)) / 7
    }
  }

  private mutating func term() -> SumOfProducts.Term {
    let occasion: SumOfProducts.Occasion =
      switch pick(0...3) {
      case 0: .presynapticSpike
      case 1: .postsynapticSpike
      case 2: .period(exponent: pick(0...12))
      default: .end
      }
    var factors = (0..<pick(0...4)).map { _ in
      let variables: [SumOfProducts.Variable] = [.x1, .x2, .y1, .y2, .y3, .w, .t, .r]
      let offset = pick(0...1) == 0 ? 0 : number()
      return SumOfProducts.Factor(
        variables[pick(0...7)], plus: pick(0...1) == 0 ? offset : -offset)
    }
    // Spikes come last, as reading puts them.
    let isClocked = occasion != .presynapticSpike && occasion != .postsynapticSpike
    if occasion == .postsynapticSpike || isClocked, pick(0...2) == 0 { factors.append(.init(.x0)) }
    if isClocked, pick(0...2) == 0 { factors.append(.init(.y0)) }
    return SumOfProducts.Term(pick(0...1) == 0 ? number() : -number(), factors, at: occasion)
  }
}
