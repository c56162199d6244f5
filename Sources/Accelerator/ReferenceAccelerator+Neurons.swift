import CompiledModel

extension ReferenceAccelerator {
  /// Largest phase of a layer.
  var phaseMax: Int { model.layers.map(\.phase).max() ?? 0 }

  /// One logical step of a layer's neurons; the neurons that fired, rising.
  mutating func run(_ layer: Int, _ step: Int, label: Int?) -> [Int] {
    let inputs = inputs(layer) { connection in
      self.spikes(taken: connection, in: step)
    }
    countConversions(layer, step)
    let chipStep = chipStep(step, layer)
    var candidates: [(neuron: Int, excess: Int)] = []
    for neuron in 0..<model.layers[layer].size {
      let added = bias(layer, neuron) + teaching(layer, neuron, label)
      countVisit(
        layer, neuron, isReached: inputs[neuron].isReached, bias: added, chipStep: chipStep)
      let potential = integrate(layer, neuron, input: inputs[neuron].sum, bias: added)
      switch model.layers[layer].neurons {
      case .readout:
        potentials[layer][neuron] = note(cut(potential))
        scores[neuron] += Int64(potentials[layer][neuron])
      case .spiking(let program):
        if let excess = charge(layer, neuron, program, potential), excess > 0 {
          candidates.append((neuron, excess))
        }
      }
    }
    let spikes = fire(layer, candidates, chipStep: chipStep)
    if !model.hasReadout, !model.hasAssignment, layer == model.layers.count - 1 {
      for neuron in spikes { scores[neuron] += 1 }
    }
    return spikes
  }

  /// The spikes of the source that a connection takes in a step.
  func spikes(taken connection: CompiledConnection, in step: Int) -> [Int] {
    let sent = step - connection.delay
    guard sent >= 0 else { return [] }
    return fired[connection.source.map { $0 + 1 } ?? 0][sent]
  }

  /// What comes to a neuron in a step.
  struct Input {
    var sum = 0
    /// Whether a spike comes at all, whatever its weight.
    var isReached = false
  }

  /// By neuron: the inputs over all connections, whose spikes `taken` names.
  func inputs(_ layer: Int, _ taken: (CompiledConnection) -> [Int]) -> [Input] {
    var inputs = drives[layer].map { Input(sum: $0, isReached: $0 != 0) }
    for (position, index) in connections.enumerated() where index.layer == layer {
      let connection = model[index]
      if connection.source == nil, model.input == .directCurrent { continue }
      let rows = taken(connection).compactMap { connection.row(of: $0) }
      // Without a converter all rows are one reading, and its sums are exact.
      let atOnce = model.arithmetic.columnConverter?.rows ?? max(1, rows.count)
      for first in stride(from: 0, to: rows.count, by: atOnce) {
        var sums = [Int](repeating: 0, count: inputs.count)
        for row in rows[first..<min(rows.count, first + atOnce)] {
          for synapse in synapses[position].bySource[row] {
            sums[synapse.target] += inferenceWeight(position, synapse.weight)
            inputs[synapse.target].isReached = true
          }
        }
        for (target, sum) in sums.enumerated() {
          let read = model.arithmetic.columnConverter?.converted(sum) ?? sum
          inputs[target].sum += read << Int(model.arithmetic.inputShift + connection.shift)
        }
      }
    }
    return inputs
  }

  /// Counts the conversions of a layer's columns in a step.
  mutating func countConversions(_ layer: Int, _ step: Int) {
    guard let converter = model.arithmetic.columnConverter else { return }
    for connection in model.layers[layer].connections {
      let rows = spikes(taken: connection, in: step).count { connection.row(of: $0) != nil }
      let readings = (rows + converter.rows - 1) / converter.rows
      for core in cores(of: layer) {
        ledger.work(
          .columnConversion, readings * model.cores[core].neuronCount, core: core,
          step: chipStep(step, layer))
      }
    }
  }

  /// The weight that inference uses.
  func inferenceWeight(_ position: Int, _ index: Int) -> Int {
    let weight = weights[position][index]
    guard model[connections[position]].plasticity != nil else { return weight }
    return max(-127, min(127, (weight + 128) >> 8))
  }

  func bias(_ layer: Int, _ neuron: Int) -> Int {
    Int(model.layers[layer].neurons.membrane.bias[neuron])
  }

  /// What the label adds to a neuron.
  private func teaching(_ layer: Int, _ neuron: Int, _ label: Int?) -> Int {
    guard let teacher = model.layers[layer].teacher, let label else { return 0 }
    return neuron == label ? Int(teacher.excitation) : -Int(teacher.inhibition)
  }

  /// Counts the access to a neuron, and its update unless nothing stirs it; whether it was updated.
  @discardableResult
  mutating func countVisit(
    _ layer: Int, _ neuron: Int, isReached: Bool, bias: Int, chipStep: Int
  ) -> Bool {
    let core = coreOf[layer][neuron]
    ledger.work(.neuronAccess, 1, core: core, step: chipStep)
    let isIdle =
      potentials[layer][neuron] == 0 && currents[layer][neuron] == 0 && !isReached && bias == 0
    if !isIdle { ledger.work(.neuronUpdate, 1, core: core, step: chipStep) }
    return !isIdle
  }

  /// Charges the current, if there is one; the new potential before it is cut.
  mutating func integrate(_ layer: Int, _ neuron: Int, input: Int, bias: Int) -> Int {
    let membrane = model.layers[layer].neurons.membrane
    var charge = input
    if let decay = membrane.currentDecay {
      charge = cutCurrent(decayed(currents[layer][neuron], Int(decay)) + input)
      currents[layer][neuron] = charge
    }
    return decayed(potentials[layer][neuron], Int(membrane.decay)) + charge + bias
  }

  /// Takes over the new potential and how far it lies above the threshold; nil where the neuron is
  /// refractory.
  private mutating func charge(
    _ layer: Int, _ neuron: Int, _ program: SpikingProgram, _ exact: Int
  ) -> Int? {
    guard refractoryLeft[layer][neuron] == 0 else {
      refractoryLeft[layer][neuron] -= 1
      psi[layer][neuron] = 0
      return nil
    }
    let threshold = Int(program.threshold[neuron])
    let potential = note(cut(exact))
    potentials[layer][neuron] = potential
    let excess =
      potential - threshold - rises[layer][neuron] - lastingRise(layer, neuron, program)
    if let derivative = program.pseudoDerivative {
      psi[layer][neuron] =
        (max(0, threshold - abs(excess)) * Int(derivative.multiplier[neuron]))
        >> Int(derivative.shift)
    }
    return excess
  }

  /// Fires those of a layer's candidates that may, and lets thresholds follow; who fired.
  private mutating func fire(
    _ layer: Int, _ candidates: [(neuron: Int, excess: Int)], chipStep: Int
  ) -> [Int] {
    guard case .spiking(let program) = model.layers[layer].neurons else { return [] }
    var spikes = candidates.map(\.neuron)
    if program.competition != nil { spikes = winner(of: candidates).map { [$0] } ?? [] }
    for neuron in spikes {
      reset(layer, neuron, program)
      ledger.work(.spike, 1, core: coreOf[layer][neuron], step: chipStep)
    }
    if let adaptation = program.adaptation {
      for neuron in 0..<model.layers[layer].size {
        let impulse = spikes.contains(neuron) ? Int(adaptation.impulse[neuron]) : 0
        let rise = decayed(rises[layer][neuron], Int(adaptation.decay)) + impulse
        rises[layer][neuron] = note((rise, min(rise, Int(model.arithmetic.potentialLimit))))
      }
    }
    if program.competition != nil, let winner = spikes.first {
      inhibit(layer, winner: winner, candidates.map(\.neuron), chipStep: chipStep)
    }
    return spikes
  }

  /// What a spike does to its neuron.
  mutating func reset(_ layer: Int, _ neuron: Int, _ program: SpikingProgram) {
    switch program.reset {
    case .none: break
    case .soft: potentials[layer][neuron] -= Int(program.threshold[neuron])
    case .hard: potentials[layer][neuron] = Int(program.resetPotential[neuron])
    }
    refractoryLeft[layer][neuron] = Int(program.refractorySteps)
  }

  /// `sign(x) * ((|x| * d) >> 12)`.
  func decayed(_ value: Int, _ decay: Int) -> Int {
    let size = (abs(value) * decay) >> 12
    return value < 0 ? -size : size
  }

  /// A potential and what the chip keeps of it.
  func cut(_ exact: Int) -> (exact: Int, kept: Int) {
    let limit = Int(model.arithmetic.potentialLimit)
    return (exact, max(-limit, min(limit, exact)))
  }

  private mutating func cutCurrent(_ exact: Int) -> Int {
    let half = 1 << (model.arithmetic.currentBits - 1)
    switch model.arithmetic.currentOverflow {
    case .saturate:
      return note((exact, max(1 - half, min(half - 1, exact))))
    case .wrap:
      let rest = (exact + half) & (2 * half - 1)
      return note((exact, rest - half))
    }
  }

  /// Counts a saturation where what is kept differs from the exact value; what is kept.
  mutating func note(_ value: (exact: Int, kept: Int)) -> Int {
    if value.kept != value.exact { saturations += 1 }
    return value.kept
  }
}

extension CompiledConnection {
  /// The row of weights that a source's spike reads: its window where the connection pools, nil
  /// where it is dropped.
  func row(of source: Int) -> Int? {
    guard let pooling else { return source }
    return pooling.window(of: source)
  }
}
