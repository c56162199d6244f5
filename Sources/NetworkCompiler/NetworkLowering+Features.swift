import CompiledModel
import SpikingNetwork

/// How a fixed weight is kept on a chip.
struct KeptPrecision {
  let width: SynapsePrecision
  /// Largest magnitude.
  let limit: Int
  /// Bits of a weight in synapse memory.
  let bits: Int
}

extension NetworkLowering {
  /// The precision that a projection asks for, or the core's full width where that is coarser.
  func precision(of projection: Projection) -> KeptPrecision {
    let full = max(1, min(8, chip.core.weightBits))
    guard projection.plasticity == nil else {
      return KeptPrecision(width: .int8, limit: ChipArithmetic.weightLimit, bits: full)
    }
    let asked: SynapsePrecision =
      switch projection.precision {
      case .int8: .int8
      case .int4: .int4
      case .binary: .binary
      }
    if Int(asked.rawValue) < full {
      return KeptPrecision(width: asked, limit: asked.limit, bits: Int(asked.rawValue))
    }
    let width: SynapsePrecision = full > 4 ? .int8 : full > 1 ? .int4 : .binary
    return KeptPrecision(width: width, limit: max(1, (1 << (full - 1)) - 1), bits: full)
  }

  /// What the chip's cores can not do for this population and what feeds it.
  mutating func checkFeatures(of node: PopulationGraph.Node) {
    checkNeuron(node.population)
    checkOperations(of: node)
    for edge in node.edges {
      checkLayout(projection(edge), into: node)
      checkPrecision(projection(edge), into: node)
      checkDelay(edge, into: node)
      if edge.source == nil, network.encoder == .directCurrent {
        checkDirect(projection(edge), into: node)
      }
    }
  }

  /// What a projection from an input of direct current cannot have.
  private mutating func checkDirect(_ projection: Projection, into node: PopulationGraph.Node) {
    func refuse(_ need: String, _ cure: String) {
      self.refuse(
        node.population.name, .directCurrent,
        limit: "dense projections with fixed weights, no pooling and no delay", need: need,
        cure: cure)
    }
    if chip.arithmetic.columnConverter != nil {
      refuse("sums that no converter reads", "choose a chip without column converters")
    }
    if let rule = projection.plasticity {
      refuse(
        "`\(rule.onChip.rawValue)`, which learns from spikes of `\(projection.source)`",
        "choose an encoder that spikes, or keep the first weights fixed")
    }
    if case .dense = projection.connectivity {
    } else {
      refuse(
        "a layout other than dense from `\(projection.source)`", "choose an encoder that spikes")
    }
    if projection.pooling != 1 {
      refuse("pooling of `\(projection.source)`", "pool behind the first population")
    }
    if projection.delay != 0 {
      refuse("a delay of \(projection.delay) steps", "delay the first population's spikes")
    }
  }

  private mutating func checkNeuron(_ population: Population) {
    for kind in population.model.kinds where !chip.features.neurons.contains(kind) {
      refuse(
        population.name, .neuronModel,
        limit: "neurons " + list(chip.features.neurons.map(\.rawValue)),
        need: "`\(kind.rawValue)`", cure: "train with a model that the chip has, or choose a chip")
    }
    guard let (reset, refractory, _) = population.model.afterSpike else { return }
    if !chip.features.resets.contains(reset.onChip) {
      refuse(
        population.name, .resetMode,
        limit: "resets " + list(chip.features.resets.map(\.rawValue)),
        need: "reset `\(reset.rawValue)`",
        cure: "train with a reset that the chip has, or choose a chip with this one")
    }
    let steps = (refractory / network.timeStep).rounded()
    let limit = min(chip.core.refractoryMax, 4096)
    if steps > Double(limit) {
      refuse(
        population.name, .refractoryRange, limit: "\(limit) steps",
        need: "\(ShortNumber.text(refractory)) s, steps of \(ShortNumber.text(network.timeStep)) s",
        cure: "shorten the refractory period, or take longer steps")
    }
  }

  private mutating func checkOperations(of node: PopulationGraph.Node) {
    let population = node.population
    var needed: [ChipFeatures.Operation] = []
    if population.competition != nil { needed.append(.competition) }
    if population.homeostasis != nil { needed.append(.homeostasis) }
    if node.edges.contains(where: { projection($0).normalisation != nil }) {
      needed.append(.normalisation)
    }
    if population.classes != nil { needed.append(.classAssignment) }
    for operation in needed where !chip.features.operations.contains(operation) {
      // Layers that compete over several cores compete on one as well.
      if operation == .competition, chip.features.operations.contains(.wideCompetition) { continue }
      refuse(
        population.name, .operationUnsupported,
        limit: "operations " + list(chip.features.operations.map(\.rawValue)),
        need: "`\(operation.rawValue)`",
        cure: "leave it out of the network, or choose a chip that declares it")
    }
    if population.classes != nil, population.name != graph.nodes.last?.population.name {
      refuse(
        population.name, .operationUnsupported, limit: "classes of the last population",
        need: "classes before it", cure: "let the last population stand for classes")
    }
  }

  private mutating func checkLayout(_ projection: Projection, into node: PopulationGraph.Node) {
    let layout: ChipFeatures.Layout =
      switch projection.connectivity {
      case .dense: .dense
      case .sparse: .sparse
      case .convolution, .oneToOne: .convolution
      }
    if !chip.features.layouts.contains(layout) {
      refuse(
        node.population.name, .layoutUnsupported,
        limit: "layouts " + list(chip.features.layouts.map(\.rawValue)),
        need: "`\(layout.rawValue)` from `\(projection.source)`",
        cure: "describe the projection in a layout that the chip has, or choose a chip")
    }
    if projection.pooling != 1, !chip.features.pooling {
      refuse(
        node.population.name, .layoutUnsupported, limit: "no pooling",
        need: "pooling of `\(projection.source)` by \(projection.pooling)",
        cure: "stride the convolution instead, or choose a chip that pools")
    }
  }

  private mutating func checkPrecision(_ projection: Projection, into node: PopulationGraph.Node) {
    let kept = precision(of: projection)
    let full = max(1, min(8, chip.core.weightBits))
    let widths = Set(chip.features.precisions.map { Int($0.rawValue) } + [full]).sorted()
    let limit = "weights of " + list(widths.map { "\($0)" }) + " bits"
    if projection.plasticity != nil {
      guard projection.precision == .int8 else {
        refuse(
          node.population.name, .precisionUnsupported, limit: "learning weights in full",
          need: "`\(projection.precision.rawValue)` weights that learn",
          cure: "ask for int8, or keep the weights fixed")
        return
      }
    } else if kept.bits < full, !chip.features.precisions.contains(kept.width) {
      refuse(
        node.population.name, .precisionUnsupported, limit: limit,
        need: "`\(projection.precision.rawValue)` from `\(projection.source)`",
        cure: "ask for int8, or choose a chip with this precision")
    } else if kept.width == .binary, projection.precision != .binary {
      refuse(
        node.population.name, .precisionUnsupported, limit: limit,
        need: "`\(projection.precision.rawValue)` from `\(projection.source)`",
        cure: "train with binary weights and ask for them")
    }
  }

  private mutating func checkDelay(_ edge: PopulationGraph.Edge, into node: PopulationGraph.Node) {
    let projection = projection(edge)
    let phase = edge.source.map { graph.nodes[$0].phase } ?? 0
    let kept = projection.delay + node.phase - phase - 1
    if kept > chip.core.delayMax {
      refuse(
        node.population.name, .delayRange, limit: "spikes kept for \(chip.core.delayMax) steps",
        need: "\(kept) steps for those of `\(projection.source)`",
        cure: "shorten the delay, or the longest way beside a skip")
    }
  }

  private func list(_ names: [String]) -> String {
    names.isEmpty ? "of no kind" : names.joined(separator: ", ")
  }
}

extension NeuronModel {
  /// What a core has to be able to do for it.
  fileprivate var kinds: [ChipFeatures.Neuron] {
    switch self {
    case .input: []
    case .lif: [.lif]
    case .cubaLIF: [.cubaLIF]
    case .integrateAndFire: [.integrateAndFire]
    case .adaptiveLIF: [.adaptiveLIF]
    case .leakyIntegrator(let integrator):
      integrator.tauSyn == nil ? [.readout] : [.cubaLIF, .readout]
    }
  }
}

extension ResetMode {
  fileprivate var onChip: ChipFeatures.Reset {
    switch self {
    case .none: .none
    case .soft: .soft
    case .hard: .hard
    }
  }
}
