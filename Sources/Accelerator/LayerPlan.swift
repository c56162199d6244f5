import CKernels
import CompiledModel

/// A layer as the kernels run it.
struct LayerPlan: Sendable {
  let size: Int
  let phase: Int
  /// Positions of its cores.
  let firstCore: Int
  let coreCount: Int
  /// First neurons of its cores, then the number of neurons.
  let slices: Block<Int32>
  /// Positions of its connections.
  let firstConnection: Int
  let connectionCount: Int
  /// Whether inputs have to be cleared first, as no connection replaces them.
  let clearsInputs: Bool
  let neurons: NeuronPlan
  let teacher: TeacherPlan?
  let competition: CompetitionPlan?
  let homeostasis: HomeostasisPlan?
  /// Spikes of each neuron in the sample, where its end needs them.
  let spikeCounts: Block<Int32>?
  /// Whether errors come to it.
  let takesErrors: Bool

  /// Puts a connection whose kernel can replace inputs first among the layer's.
  init(
    _ model: CompiledModel, _ index: Int, connections: inout ArraySlice<ConnectionPlan>,
    _ builder: inout PlanBuilder
  ) {
    let layer = model.layers[index]
    size = layer.size
    phase = layer.phase
    let cores = model.coreRange(of: index)
    (firstCore, coreCount) = (cores.lowerBound, cores.count)
    slices = builder.slices(of: index, in: model)
    (firstConnection, connectionCount) = (connections.startIndex, connections.count)
    let isDriven = connections.contains(where: \.isDirect)
    let replacing = isDriven ? nil : connections.firstIndex(where: \.replacesInputs)
    if let replacing { connections.swapAt(connections.startIndex, replacing) }
    clearsInputs = replacing == nil
    homeostasis = layer.homeostasis.map { HomeostasisPlan($0, size: layer.size, &builder) }
    competition = CompetitionPlan(model, index, &builder)
    neurons = NeuronPlan(layer, model.arithmetic, &builder)
    let isCounted =
      layer.assignment != nil || layer.connections.contains { $0.normalisation != nil }
    spikeCounts =
      isCounted ? builder.state(PlanBuilder.padded(layer.size), of: Int32.self) : nil
    teacher = layer.teacher.map { TeacherPlan($0, size: layer.size, &builder) }
    takesErrors = model.errorTakers.contains(index)
  }
}

extension CompiledModel {
  /// Layers that errors come back to.
  var errorTakers: [Int] {
    layers.indices.dropLast().filter { layer in
      layers[layer].connections.contains { $0.plasticity?.isLocal == false }
    }
  }

  /// Positions of a layer's cores.
  func coreRange(of layer: Int) -> Range<Int> {
    let first = cores.firstIndex { $0.layer == layer } ?? 0
    return first..<first + cores.count { $0.layer == layer }
  }
}

extension PlanBuilder {
  /// First neurons of a layer's cores, then the number of neurons.
  mutating func slices(of layer: Int, in model: CompiledModel) -> Block<Int32> {
    constant(
      model.cores[model.coreRange(of: layer)].map { Int32($0.firstNeuron) }
        + [Int32(model.layers[layer].size)])
  }
}

/// State and parameters of a layer's neurons.
struct NeuronPlan: Sendable {
  let inputs: Block<Int32>
  let potentials: Block<Int32>
  let currents: Block<Int32>?
  let rises: Block<Int32>?
  let refractoryLeft: Block<Int32>?
  let psi: Block<Int32>?
  let updates: Block<UInt64>
  /// Set of the neurons that a spike reaches in this step, unless spikes reach all or none.
  let arrivals: Block<UInt64>?
  let bias: ParameterBlock
  let threshold: ParameterBlock
  let resetPotential: ParameterBlock
  let impulse: ParameterBlock
  let multiplier: ParameterBlock
  /// Everything that holds in each step, without pointers.
  nonisolated(unsafe) let work: NeuronWork
  // A value; its pointers are null.

  init(_ layer: CompiledLayer, _ arithmetic: StateArithmetic, _ builder: inout PlanBuilder) {
    let padded = PlanBuilder.padded(layer.size)
    let membrane = layer.neurons.membrane
    var work = NeuronWork()
    work.count = Int32(layer.size)
    work.decay = membrane.decay
    work.limit = arithmetic.potentialLimit
    work.currentLimit = 1 << Int32(arithmetic.currentBits - 1) &- 1
    work.wrapShift = Int32(32 - arithmetic.currentBits)
    inputs = builder.scratch(padded, of: Int32.self)
    potentials = builder.state(padded, of: Int32.self)
    updates = builder.state(padded / 64, of: UInt64.self)
    if layer.connections.contains(where: { $0.layout != .dense }) {
      arrivals = builder.scratch(padded / 64, of: UInt64.self)
      work.flags |= Int32(NEURONS_ARRIVALS)
    } else {
      arrivals = nil
    }
    currents = membrane.currentDecay.map { _ in builder.state(padded, of: Int32.self) }
    if let decay = membrane.currentDecay {
      work.currentDecay = decay
      work.flags |= Int32(NEURONS_CURRENT)
      if arithmetic.currentOverflow == .wrap { work.flags |= Int32(NEURONS_WRAP) }
    }
    bias = builder.parameter(membrane.bias)
    let none = builder.parameter(NeuronValues(0))
    switch layer.neurons {
    case .readout:
      work.flags |= Int32(NEURONS_READOUT)
      (rises, refractoryLeft, psi) = (nil, nil, nil)
      (threshold, resetPotential, impulse, multiplier) = (none, none, none, none)
    case .spiking(let program):
      threshold = builder.parameter(program.threshold)
      resetPotential = builder.parameter(program.resetPotential)
      impulse = program.adaptation.map { builder.parameter($0.impulse) } ?? none
      multiplier = program.pseudoDerivative.map { builder.parameter($0.multiplier) } ?? none
      rises = program.adaptation.map { _ in builder.state(padded, of: Int32.self) }
      psi = program.pseudoDerivative.map { _ in builder.state(padded, of: Int32.self) }
      refractoryLeft =
        program.refractorySteps > 0 ? builder.state(padded, of: Int32.self) : nil
      work.set(program)
    }
    self.work = work
  }
}

extension NeuronWork {
  fileprivate mutating func set(_ program: SpikingProgram) {
    reset = Int32(program.reset.rawValue)
    refractorySteps = program.refractorySteps
    if program.refractorySteps > 0 { flags |= Int32(NEURONS_REFRACTORY) }
    if let adaptation = program.adaptation {
      adaptationDecay = adaptation.decay
      flags |= Int32(NEURONS_ADAPTIVE)
    }
    psiShift = program.pseudoDerivative?.shift ?? 0
    if let competition = program.competition {
      inhibition = competition.inhibition
      flags |= Int32(NEURONS_COMPETES)
    }
    if let homeostasis = program.homeostasis {
      lastingShift = homeostasis.shift
      flags |= Int32(NEURONS_LASTING)
    }
  }
}

/// Biases of the last layer while a label teaches it.
struct TeacherPlan: Sendable {
  let bias: Block<Int32>
  let program: TeacherProgram

  init(_ program: TeacherProgram, size: Int, _ builder: inout PlanBuilder) {
    self.program = program
    bias = builder.scratch(PlanBuilder.padded(size), of: Int32.self)
  }
}
