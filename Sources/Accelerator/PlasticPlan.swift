import CKernels
import CompiledModel

/// A connection that learns, whatever its rule: its weights.
struct PlasticPlan: Sendable {
  let index: CompiledModel.ConnectionIndex
  /// Position among all connections: what draws are keyed by.
  let number: Int
  let rule: PlasticityProgram
  /// Position of its source among the populations.
  let source: Int
  let delay: Int
  let bounds: ClosedRange<Int16>
  let learningShift: Int32
  let sources: Int
  let targets: Int
  let stride: Int
  /// Learning weights and what inference sees of them, both `[source][stride]`.
  ///
  /// Local rules visit weights in each step: they keep no view, so that less memory is moved.
  /// Weights of one bit change in one column a sample, and rows of bytes add up faster.
  let learning: Block<Int16>
  let view: Block<Int8>?
  let coreCount: Int
  /// Cores of each 32 targets.
  let segments: Block<TargetSegment>
  let segmentCount: Int
  /// By core of the layer: what the last visit came to.
  let visited: Block<UInt64>
  let written: Block<UInt64>
  /// Positions among the takers of errors: the layer that it feeds, nil for the readout, and the
  /// one whose cores mirror its weights.
  let taker: Int?
  let mirror: Int?

  init?(
    _ model: CompiledModel, _ index: CompiledModel.ConnectionIndex, number: Int,
    _ builder: inout PlanBuilder
  ) {
    guard case .plastic(let learning, let rule, let bounds) = model[index].weights else {
      return nil
    }
    self.index = index
    self.number = number
    self.rule = rule
    self.bounds = bounds
    source = (model[index].source ?? -1) + 1
    delay = model[index].delay
    let cores = model.cores[model.coreRange(of: index.layer)]
    let segments = Self.segments(cores)
    coreCount = cores.count
    segmentCount = segments.count
    self.segments = builder.constant(segments)
    learningShift = model.arithmetic.learningShift
    sources = model[index].sourceSize
    targets = model.layers[index.layer].size
    // Two narrow rows make a vector where the rule knows how.
    stride =
      rule.isLocal ? (targets + 31) / 32 * 32 : Self.threeFactorStride(targets: targets)
    // A row more, for kernels that work on two at a time; within bounds, or they would cut it.
    let spare = [Int16](repeating: Self.padding(bounds), count: stride)
    let rows = Self.rows(learning, targets: targets, stride: stride, bounds) + spare
    self.learning = builder.variable(rows, count: rows.count)
    let viewed = rows.map(ChipArithmetic.inferenceWeight)
    view = rule.isLocal && rule.edge == nil ? nil : builder.variable(viewed, count: rows.count)
    visited = builder.scratch(coreCount, of: UInt64.self)
    written = builder.scratch(coreCount, of: UInt64.self)
    taker = model.errorTakers.firstIndex(of: index.layer)
    mirror = model.errorTakers.firstIndex { layer in
      switch model.signal(of: layer).feedback {
      case .symmetric, .adaptive: model.feedbackConnection(of: layer) == index
      case .random, .local: false
      }
    }
  }
}

extension PlasticPlan {
  static func threeFactorStride(targets: Int) -> Int {
    targets <= 16 ? 16 : (targets + 31) / 32 * 32
  }

  /// Rows of learning weights whose ends keep to the bounds as well.
  static func rows(
    _ weights: [Int16], targets: Int, stride: Int, _ bounds: ClosedRange<Int16>
  ) -> [Int16] {
    ConnectionPlan.rows(of: weights, targets, stride: stride, padding: padding(bounds))
  }

  /// The learning weight next to 0 that is within the bounds.
  private static func padding(_ bounds: ClosedRange<Int16>) -> Int16 {
    max(bounds.lowerBound, min(bounds.upperBound, 0))
  }
}

extension PlasticPlan {
  /// Parts of blocks of 32 targets that lie on one core each.
  private static func segments(_ cores: ArraySlice<PlacedCore>) -> [TargetSegment] {
    var segments: [TargetSegment] = []
    for (place, core) in cores.enumerated() {
      var first = core.firstNeuron
      while first < core.neurons.upperBound {
        let block = first / 32
        let end = min(core.neurons.upperBound, (block + 1) * 32)
        let bits = UInt32(truncatingIfNeeded: (1 << (end - first)) - 1) << UInt32(first % 32)
        segments.append(TargetSegment(block: Int32(block), core: Int32(place), mask: bits))
        first = end
      }
    }
    return segments
  }
}

/// Presynaptic traces of a connection.
struct TracePlan: Sendable {
  let traces: Block<Int16>
  /// Sources that spiked in this sample, and those whose trace is not 0.
  let traced: Block<UInt64>
  let active: Block<UInt64>
  let padded: Int

  init(sources: Int, rows: Int, _ builder: inout PlanBuilder) {
    padded = sources
    traces = builder.state(rows * sources, of: Int16.self)
    traced = builder.state(sources / 64, of: UInt64.self)
    active = builder.state(sources / 64, of: UInt64.self)
  }
}

/// Traces of pair STDP.
struct PairPlan: Sendable {
  let plastic: PlasticPlan
  let rule: PairSTDPProgram
  let traces: TracePlan
  let postTraces: Block<Int16>
  let postActive: Block<UInt64>
  /// Streams of the columns of a step.
  let streams: Block<UInt64>

  init(_ plastic: PlasticPlan, _ rule: PairSTDPProgram, _ builder: inout PlanBuilder) {
    self.plastic = plastic
    self.rule = rule
    traces = TracePlan(sources: PlanBuilder.padded(plastic.sources), rows: 1, &builder)
    postTraces = builder.state(plastic.stride, of: Int16.self)
    streams = builder.scratch(plastic.stride, of: UInt64.self)
    postActive = builder.scratch((plastic.stride + 63) / 64, of: UInt64.self)
  }
}

/// A readout whose weights of one bit learn.
struct EdgePlan: Sendable {
  let plastic: PlasticPlan
  let rule: EdgeLearningProgram
  /// How plastic each neuron still is.
  let plasticities: Block<Int16>
  /// Spikes of each source in the sample.
  let activity: Block<Int32>

  init(
    _ plastic: PlasticPlan, _ rule: EdgeLearningProgram, _ model: CompiledModel,
    _ builder: inout PlanBuilder
  ) {
    self.plastic = plastic
    self.rule = rule
    plasticities = builder.variable(
      model.layers[plastic.index.layer].plasticities ?? [], count: plastic.targets)
    activity = builder.state(plastic.sources, of: Int32.self)
  }
}

/// Activities of SDSP.
struct SDSPPlan: Sendable {
  let plastic: PlasticPlan
  let rule: SDSPProgram
  let activities: Block<Int16>
  let active: Block<UInt64>
  let directions: Block<Int16>

  init(_ plastic: PlasticPlan, _ rule: SDSPProgram, _ builder: inout PlanBuilder) {
    self.plastic = plastic
    self.rule = rule
    activities = builder.state(plastic.stride, of: Int16.self)
    active = builder.scratch((plastic.stride + 63) / 64, of: UInt64.self)
    directions = builder.scratch(plastic.stride, of: Int16.self)
  }
}
