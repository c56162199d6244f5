import CKernels
import CompiledModel

/// A program of learning as the kernels interpret it.
struct ProgramPlan: Sendable {
  /// A trace: its state and what terms read of it.
  struct Trace: Sendable {
    let rule: LearningProgram.Trace
    let values: Block<Int16>
    /// Beside the state of a window, which counts steps.
    let reads: Block<Int16>?
    let padded: Int
  }

  /// Terms of one occasion, next to each other among all.
  struct Visit: Sendable {
    let firstTerm: Int
    let termCount: Int
    /// Reads of a synapse: of its weight, of its tag.
    let reads: Int
  }

  let plastic: PlasticPlan
  let weightStep: Int32
  let traces: [Trace]
  /// Sources that spiked in this sample, and how many they are.
  let traced: Block<UInt64>
  let tracedCount: Block<Int32>
  /// Traces that were not 0, for counting.
  let active: Block<UInt64>
  /// 1 where a source or target spikes in this step; nil where no factor reads it.
  let x0: Block<Int16>?
  let y0: Block<Int16>?
  let tags: Block<Int16>?
  let streams: Block<UInt64>
  let allRows: Block<Int32>?
  let terms: Block<ProgramTerm>
  let factors: Block<ProgramFactor>
  let rows: Visit
  let columns: Visit
  let end: Visit
  /// By exponent of the period, with those of smaller ones.
  let periods: [Visit]
  /// Kernels that know the form of a visit: the trace, and its multiplier.
  let depression: (trace: Int, multiplier: Int32)?
  let potentiation: (trace: Int, multiplier: Int32, offset: Int32)?

  init(
    _ plastic: PlasticPlan, _ program: LearningProgram, step: Int32, _ builder: inout PlanBuilder
  ) {
    self.plastic = plastic
    weightStep = step
    let sources = PlanBuilder.padded(plastic.sources)
    traces = program.traces.map { rule in
      let padded = rule.name.isPresynaptic ? sources : plastic.stride
      var reads: Block<Int16>?
      if case .window = rule.fall { reads = builder.scratch(padded, of: Int16.self) }
      return Trace(
        rule: rule, values: builder.state(padded, of: Int16.self), reads: reads, padded: padded)
    }
    traced = builder.state(sources / 64, of: UInt64.self)
    tracedCount = builder.state(1, of: Int32.self)
    active = builder.scratch((max(sources, plastic.stride) + 63) / 64, of: UInt64.self)
    let variables = Set(program.terms.flatMap { $0.factors.map(\.variable) })
    x0 = variables.contains(.x0) ? builder.scratch(sources, of: Int16.self) : nil
    y0 = variables.contains(.y0) ? builder.scratch(plastic.stride, of: Int16.self) : nil
    tags =
      program.hasTags ? builder.state(plastic.sources * plastic.stride, of: Int16.self) : nil
    streams = builder.scratch(plastic.stride, of: UInt64.self)

    let ordered = Self.ordered(program)
    var factors: [ProgramFactor] = []
    var terms: [ProgramTerm] = []
    for term in ordered {
      terms.append(
        ProgramTerm(
          changesTag: term.changesTag ? 1 : 0, mantissa: term.mantissa, shift: term.shift,
          firstFactor: Int32(factors.count), factorCount: Int32(term.factors.count)))
      factors += term.factors.map {
        ProgramFactor(variable: Int32($0.variable.rawValue), offset: $0.offset)
      }
    }
    self.terms = builder.constant(terms)
    self.factors = builder.constant(factors)
    rows = Self.visit(ordered) { $0 == .presynapticSpike }
    columns = Self.visit(ordered) { $0 == .postsynapticSpike }
    end = Self.visit(ordered) { $0 == .end }
    periods = (0...12).map { largest in
      Self.visit(ordered) { occasion in
        guard case .period(let exponent) = occasion else { return false }
        return exponent <= largest
      }
    }
    let visitsAll = end.termCount > 0 || (periods.last?.termCount ?? 0) > 0
    allRows = visitsAll ? builder.constant((0..<Int32(plastic.sources)).map(\.self)) : nil
    let isPlain = program.weightStep == 0
    depression = isPlain ? Self.depression(program) : nil
    potentiation = isPlain ? Self.potentiation(program) : nil
  }

  /// Terms by occasion, those of periods by their exponents.
  private static func ordered(_ program: LearningProgram) -> [LearningProgram.Term] {
    func rank(_ term: LearningProgram.Term) -> Int32 {
      switch term.occasion {
      case .presynapticSpike: -3
      case .postsynapticSpike: -2
      case .end: -1
      case .period(let exponent): exponent
      }
    }
    return program.terms.enumerated()
      .sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
  }

  private static func visit(
    _ terms: [LearningProgram.Term], _ isDue: (LearningProgram.Occasion) -> Bool
  ) -> Visit {
    let due = terms.filter { isDue($0.occasion) }
    return Visit(
      firstTerm: terms.firstIndex { isDue($0.occasion) } ?? 0, termCount: due.count,
      reads: due.reads)
  }

  /// `-multiplier * y`, a row's only term.
  private static func depression(
    _ program: LearningProgram
  ) -> (trace: Int, multiplier: Int32)? {
    let terms = program.terms.filter { $0.occasion == .presynapticSpike }
    guard terms.count == 1, let term = terms.first, term.factors.count == 1, !term.changesTag,
      term.shift == 0, term.mantissa <= 0, term.factors[0].offset == 0,
      !term.factors[0].variable.isPresynaptic,
      let trace = program.traces.firstIndex(where: { $0.name == term.factors[0].variable })
    else { return nil }
    return (trace, -term.mantissa)
  }

  /// `multiplier * (x - offset)`, a column's only term.
  private static func potentiation(
    _ program: LearningProgram
  ) -> (trace: Int, multiplier: Int32, offset: Int32)? {
    let terms = program.terms.filter { $0.occasion == .postsynapticSpike }
    guard terms.count == 1, let term = terms.first, term.factors.count == 1, !term.changesTag,
      term.shift == 0, term.mantissa >= 0, term.factors[0].offset <= 0,
      term.factors[0].variable.isPresynaptic,
      let trace = program.traces.firstIndex(where: { $0.name == term.factors[0].variable })
    else { return nil }
    return (trace, term.mantissa, -term.factors[0].offset)
  }
}
