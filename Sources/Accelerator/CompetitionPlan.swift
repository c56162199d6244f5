import CompiledModel

/// What a layer needs to find its winner.
struct CompetitionPlan: Sendable {
  /// By how much potentials lie above thresholds.
  let excess: Block<Int32>
  let links: CoreLinks

  /// Nil for a layer whose neurons do not compete.
  init?(_ model: CompiledModel, _ index: Int, _ builder: inout PlanBuilder) {
    guard case .spiking(let program) = model.layers[index].neurons, program.competition != nil
    else { return nil }
    excess = builder.scratch(PlanBuilder.padded(model.layers[index].size), of: Int32.self)
    links = CoreLinks(model, index, &builder)
  }
}

/// Links from each of a layer's cores to the first one, along the row and along the column.
struct CoreLinks: Sendable {
  let horizontal: Block<Int32>
  let vertical: Block<Int32>

  init(_ model: CompiledModel, _ layer: Int, _ builder: inout PlanBuilder) {
    let cores = model.cores[model.coreRange(of: layer)]
    let first = cores[cores.startIndex]
    horizontal = builder.constant(cores.map { Int32(abs($0.column - first.column)) })
    vertical = builder.constant(cores.map { Int32(abs($0.row - first.row)) })
  }
}

/// Thresholds of a layer that outlive samples.
struct HomeostasisPlan: Sendable {
  let impulse: Int32
  let decay: Int32
  let shift: Int32
  let rises: Block<Int16>
  /// Set of the rises that are not 0.
  let active: Block<UInt64>

  init(_ homeostasis: SpikingProgram.Homeostasis, size: Int, _ builder: inout PlanBuilder) {
    impulse = homeostasis.impulse
    decay = homeostasis.decay
    shift = homeostasis.shift
    let padded = PlanBuilder.padded(size)
    rises = builder.variable(homeostasis.rises, count: padded)
    active = builder.scratch(padded / 64, of: UInt64.self)
  }
}

/// A connection whose weights are scaled at the end of a sample.
struct NormalisationPlan: Sendable {
  let plastic: PlasticPlan
  let target: Int32
  /// Room for the targets that fired.
  let columns: Block<Int32>

  init(_ plastic: PlasticPlan, target: Int32, _ builder: inout PlanBuilder) {
    self.plastic = plastic
    self.target = target
    columns = builder.scratch(plastic.stride, of: Int32.self)
  }
}

/// For which classes the neurons of the last layer fire.
struct AssignmentPlan: Sendable {
  let classes: Int
  /// `[neuron][class]`.
  let counts: Block<Int16>
  let links: CoreLinks

  /// Nil for a model whose last layer stands for its own neurons.
  init?(_ model: CompiledModel, _ builder: inout PlanBuilder) {
    guard let assignment = model.layers.last?.assignment else { return nil }
    links = CoreLinks(model, model.layers.count - 1, &builder)
    classes = assignment.classes
    counts = builder.variable(assignment.counts, count: assignment.counts.count)
  }
}
