import CompiledModel

/// What three-factor learning remembers of a sample: factors of some steps, two of them side by
/// side, then sums.
struct ThreeFactorPlan: Sendable {
  /// Pairs of factors that are kept before they are added to sums: as many as are summed in one go.
  private static let pairsKept = 16

  let plastic: PlasticPlan
  let rule: ThreeFactorProgram
  /// Two rows, of this step and the one before.
  let traces: TracePlan
  /// Traces before a second filter.
  let firstTraces: Block<Int16>?
  /// The impulse where a source spikes, else 0; nil without a postsynaptic term.
  let rises: Block<Int16>?
  let psiTraces: Block<Int32>?
  /// Two rows, of this step and the one before.
  let signals: Block<Int16>
  let postSignals: Block<Int16>
  let active: Block<UInt64>
  let postActive: Block<UInt64>
  /// `[pair][source]` and `[pair][target]`; without a postsynaptic term a pair is of two steps,
  /// unless weights change in each.
  let sourcePairs: Block<Int32>
  let targetPairs: Block<Int32>
  /// Pairs that are kept.
  let pairs: Int
  /// As many zeros as there are sources or targets.
  let zeros: Block<Int16>
  let rows: Block<Int32>
  /// `[source][stride]`, 0 between samples; nil where all pairs of a sample are kept.
  let sums: Block<Int32>?
  let eligibility: EligibilityPlan?

  init(
    _ plastic: PlasticPlan, _ rule: ThreeFactorProgram, _ model: CompiledModel,
    _ builder: inout PlanBuilder
  ) {
    self.plastic = plastic
    self.rule = rule
    let sources = PlanBuilder.padded(plastic.sources)
    let targets = plastic.stride
    let words = (targets + 63) / 64
    let hasPost = rule.postFactor != 0
    let all = hasPost ? model.steps : (model.steps + 1) / 2
    pairs = rule.isAppliedEachStep == 1 ? 1 : min(all, Self.pairsKept)
    traces = TracePlan(sources: sources, rows: 2, &builder)
    firstTraces = rule.secondPreDecay != 0 ? builder.state(sources, of: Int16.self) : nil
    rises = hasPost ? builder.state(sources, of: Int16.self) : nil
    psiTraces = hasPost ? builder.state(targets, of: Int32.self) : nil
    signals = builder.scratch(2 * targets, of: Int16.self)
    postSignals = builder.scratch(targets, of: Int16.self)
    active = builder.scratch(words, of: UInt64.self)
    postActive = builder.scratch(words, of: UInt64.self)
    sourcePairs = builder.scratch(pairs * sources, of: Int32.self)
    targetPairs = builder.scratch(pairs * targets, of: Int32.self)
    zeros = builder.scratch(max(sources, targets), of: Int16.self)
    rows = builder.scratch(sources + 64, of: Int32.self)
    let synapses = (plastic.sources + 1) * targets
    eligibility = EligibilityPlan(rule, model.layers[plastic.index.layer], synapses, &builder)
    let needsSums = eligibility != nil || (rule.isAppliedEachStep == 0 && all > pairs)
    sums = needsSums ? builder.scratch(synapses, of: Int32.self) : nil
  }
}

/// Eligibility traces of synapses.
struct EligibilityPlan: Sendable {
  /// `[source][stride]`, 0 between samples.
  let traces: Block<Int16>
  /// By target: what is kept and taken of the two traces.
  let parts: Block<Int32>
  /// Decay of the threshold's rise.
  let decay: Int32

  init?(
    _ rule: ThreeFactorProgram, _ layer: CompiledLayer, _ synapses: Int,
    _ builder: inout PlanBuilder
  ) {
    guard rule.adaptationFactor != 0, case .spiking(let program) = layer.neurons,
      let adaptation = program.adaptation
    else { return nil }
    decay = adaptation.decay
    traces = builder.scratch(synapses, of: Int16.self)
    parts = builder.scratch(PlanBuilder.padded(layer.size), of: Int32.self)
  }
}
