package import CompiledModel
import FleetProtocol
import NetworkCompiler
import NetworkTraining

extension CompileReport {
  /// Reports on a compilation and what samples showed of it; throws for an event without a price.
  package init(_ calibrated: CalibratedCompilation) throws(PricingError) {
    let compilation = calibrated.compilation
    let model = compilation.model
    let events: [Double]
    let coreEvents: [[Double]]
    if let evaluation = calibrated.run?.evaluation {
      let samples = Double(max(1, evaluation.samples))
      inference = try InferenceCost(model, of: evaluation)
      events = evaluation.counts.map { Double($0) / samples }
      coreEvents = evaluation.coreCounts.map { $0.map { Double($0) / samples } }
      neuroBench = ChipMetrics(model, of: evaluation)
    } else {
      let expected = ExpectedEvents(
        of: compilation, rates: calibrated.rates, input: calibrated.inputName)
      inference = try InferenceCost(
        model, basis: .assumed, samples: 0,
        assumedSpikeShare: calibrated.rates == nil ? SpikeRates.assumed : nil,
        spikes: expected.spikes, events: expected.counts, picoseconds: expected.picoseconds)
      events = expected.counts
      coreEvents = expected.coreCounts
      neuroBench = nil
    }
    format = Self.currentFormat
    network = model.name
    chip = model.chip
    mesh = Mesh(
      columns: calibrated.chip.columns, rows: calibrated.chip.rows, cores: compilation.chipCores,
      tilesUsed: Set(model.cores.map { [$0.column, $0.row] }).count)
    steps = model.steps
    inputs = model.inputs
    classes = model.classes
    layers = zip(compilation.layers, model.layers).map { Layer($0, $1) }
    var cores: [Core] = []
    for (position, facts) in compilation.cores.enumerated() {
      cores.append(
        Core(
          facts, at: model.cores[position], of: model.layers[facts.layer].name,
          compilation.limits, joules: try model.prices.joules(of: coreEvents[position])))
    }
    self.cores = cores
    footprint = Footprint(
      synapseMemoryBytes: compilation.footprintBytes,
      learningBytes: compilation.cores.reduce(0) { $0 + $1.learningBytes },
      parameterAndStateBytes: ChipMetrics.footprintBytes(of: model),
      fileBytes: model.encoded().count)
    structureDigest = Hex.text(model.structureDigest)
    traffic = Traffic(
      messagesPerInference: events[EventKind.message.rawValue],
      hopsPerInference: events[EventKind.hopHorizontal.rawValue]
        + events[EventKind.hopVertical.rawValue],
      hopsPlaced: compilation.traffic.placed, hopsRowMajor: compilation.traffic.rowMajor)
    connectionSparsityShare = ChipMetrics.connectionSparsity(of: model)
    comparison = calibrated.run.flatMap { Comparison($0, of: model) }
  }
}

extension CompileReport.Layer {
  fileprivate init(_ facts: LayerFacts, _ layer: CompiledLayer) {
    name = facts.name
    neurons = facts.neurons
    cores = facts.cores
    phaseSteps = facts.phase
    weightUnit = facts.scale
    isPerChannel = facts.isPerChannel
    rule = facts.rule
    connections = zip(facts.connections, layer.connections).map { facts, connection in
      let weights = connection.inferenceWeights
      return CompileReport.Connection(
        source: facts.source, layout: facts.layout, weights: facts.weights,
        weightBits: facts.bits, exponent: facts.exponent, roundingErrorRMS: facts.roundingError,
        zeroWeightShare: Double(weights.count { $0 == 0 }) / Double(max(1, weights.count)),
        delaySteps: facts.delay, rule: facts.rule)
    }
  }
}

extension CompileReport.Core {
  fileprivate init(
    _ facts: CoreFacts, at place: PlacedCore, of layer: String, _ limits: CoreLimits,
    joules: Double
  ) {
    typealias Use = CompileReport.Use
    self.layer = layer
    firstNeuron = place.firstNeuron
    column = place.column
    row = place.row
    neurons = Use(used: facts.neurons, limit: limits.neurons)
    inAxons = Use(used: facts.inAxons, limit: limits.inAxons)
    outAxons = Use(used: facts.outAxons, limit: limits.outAxons)
    synapseMemoryBytes = Use(used: facts.synapseMemoryBytes, limit: limits.synapseMemoryBytes)
    learningBytes = facts.learningBytes
    joulesPerInference = joules
  }
}

extension CompileReport.Comparison {
  /// Nil for a run without a reference.
  fileprivate init?(_ run: CalibratedCompilation.Run, of model: CompiledModel) {
    guard let found = run.evaluation.comparison else { return nil }
    let count = Double(max(1, found.samples))
    samples = found.samples
    calibrationSamples = run.calibrationSamples
    isHeldOut = run.isHeldOut
    accuracyFloatPercent = 100 * Double(found.correctFloat) / count
    accuracyChipPercent = 100 * Double(found.correctChip) / count
    sameLabelPercent = 100 * Double(found.sameLabels) / count
    let populations = ProbedPopulation.all(of: model)
    layers = model.layers.indices.filter { populations[$0 + 1].spikes }.map { layer in
      let agreement = found.agreements[layer + 1]
      return CompileReport.LayerComparison(
        layer: model.layers[layer].name,
        spikesPerInferenceFloat: Double(agreement.simulatedSpikes) / count,
        spikesPerInferenceChip: Double(agreement.chipSpikes) / count,
        coincidenceShare: agreement.coincidence, silenceShare: 1 - agreement.chipRate,
        saturationsPerInference: Double(run.evaluation.layerSaturations[layer]) / count)
    }
  }
}
