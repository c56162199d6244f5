import CompiledModel
package import SpikingNetwork

/// What spikes that were recorded elsewhere cost on a model's mapping.
package struct ReplayAccount: Sendable, Equatable {
  /// Events by the raw values of their kinds.
  package let counts: [UInt64]
  /// The same by core; those of the port and barriers are on no core.
  package let coreCounts: [[UInt64]]
  /// Time of all chip steps by the simple model.
  package let picoseconds: UInt64
  /// The same by the detailed model.
  package let detailedPicoseconds: UInt64
}

/// Why recorded spikes cannot be replayed on a model.
package enum ReplayError: Error, Equatable, CustomStringConvertible {
  /// Its input acts through weights in each step, in place of spikes.
  case directCurrent(model: String)

  /// What is wrong and what to do.
  package var description: String {
    switch self {
    case .directCurrent(let model):
      "\(model) has an input of direct current, which takes no recorded spikes: show it "
        + "intensities with `spikefleet chip run`, or compile the network with an encoder that "
        + "spikes"
    }
  }
}

extension ReferenceAccelerator {
  /// Counts the events and the time that recorded spikes cause, without learning.
  ///
  /// `spikes` has the input first, then each layer, by chip step: what is sent in a step is taken
  /// in and worked on in that step, and each neuron is accessed in each step. Potentials follow the
  /// spikes that were recorded, which do the reset, as far as updates need them.
  /// Throws for a model whose input sends no spikes.
  package mutating func replay(_ spikes: [SpikeTrains]) throws(ReplayError) -> ReplayAccount {
    guard model.input != .directCurrent else { throw .directCurrent(model: model.name) }
    let steps = spikes.first?.steps.count ?? 0
    precondition(
      spikes.count == model.layers.count + 1, "\(spikes.count) trains for the input and layers")
    precondition(spikes[0].sources == model.inputs, "input of \(spikes[0].sources) sources")
    for (layer, trains) in zip(model.layers, spikes.dropFirst()) {
      precondition(
        trains.sources == layer.size && trains.steps.count == steps,
        "\(trains.steps.count) steps of \(trains.sources) neurons for layer `\(layer.name)`")
    }
    let (ownLedger, ownSaturations) = (ledger, saturations)
    rest()
    ledger = ReferenceLedger(model)
    ledger.begin(chipSteps: steps)
    var timing = MeshTiming(model)
    for step in 0..<steps {
      timing.takeInput(spikes[0].steps[step], chipStep: step)
      for layer in model.layers.indices {
        timing.take(
          layer: layer, updates: force(layer, step, spikes), spikes: spikes[layer + 1].steps[step],
          chipStep: step)
      }
      for (source, trains) in spikes.enumerated() {
        let sender = source == 0 ? nil : source - 1
        send(trains.steps[step].map(Int.init), from: sender, chipStep: step)
      }
    }
    ledger.end(isLearning: false)
    let account = ReplayAccount(
      counts: ledger.inference.counts, coreCounts: ledger.coreCounts,
      picoseconds: ledger.inference.picoseconds,
      detailedPicoseconds: timing.finish(chipSteps: steps))
    (ledger, saturations) = (ownLedger, ownSaturations)
    rest()
    return account
  }

  /// One chip step of a layer whose spikes are given; the neurons that were updated.
  private mutating func force(_ layer: Int, _ step: Int, _ spikes: [SpikeTrains]) -> [Int32] {
    var updates: [Int32] = []
    let phase = model.layers[layer].phase
    let inputs = inputs(layer) { connection in
      let sourcePhase = connection.source.map { model.layers[$0].phase } ?? 0
      let sent = step - (connection.delay + phase - sourcePhase)
      let source = connection.source.map { $0 + 1 } ?? 0
      return sent < 0 ? [] : spikes[source].steps[sent].map(Int.init)
    }
    let sent = spikes[layer + 1].steps[step].map(Int.init)
    let fired = Set(sent)
    for neuron in 0..<model.layers[layer].size {
      let bias = bias(layer, neuron)
      let isUpdated = countVisit(
        layer, neuron, isReached: inputs[neuron].isReached, bias: bias, chipStep: step)
      if isUpdated { updates.append(Int32(neuron)) }
      let exact = integrate(layer, neuron, input: inputs[neuron].sum, bias: bias)
      let isHeld = refractoryLeft[layer][neuron] > 0 && !fired.contains(neuron)
      if refractoryLeft[layer][neuron] > 0 { refractoryLeft[layer][neuron] -= 1 }
      if isHeld { continue }
      potentials[layer][neuron] = cut(exact).kept
      guard fired.contains(neuron), case .spiking(let program) = model.layers[layer].neurons
      else { continue }
      ledger.work(.spike, 1, core: coreOf[layer][neuron], step: step)
      reset(layer, neuron, program)
    }
    for neuron in sent { inhibit(layer, winner: neuron, [neuron], chipStep: step) }
    return updates
  }
}
