import CompiledModel

extension ReferenceAccelerator {
  /// What was learnt so far, one array for each of the model's learned blocks.
  package var learnedState: [[Int16]] {
    let learnt = connections.indices.filter { model[connections[$0]].plasticity != nil }
      .map { weights[$0] }
    let rises = model.layers.indices.filter { model.layers[$0].homeostasis != nil }
      .map { lastingRises[$0] }
    let feedback = model.layers.indices.filter { model.layers[$0].feedbackWeights != nil }
      .map { feedbackWeights[$0] }
    let plasticities = self.plasticities.isEmpty ? [] : [self.plasticities]
    let rewards = model.layers.indices.filter { model.layers[$0].rewardMean != nil }
      .map { [Int16(rewardMeans[$0])] }
    return (learnt + rises + (model.hasAssignment ? [assigned] : []) + feedback)
      .map { $0.map { Int16($0) } } + plasticities + rewards
  }

  /// Events of samples that were inferred, by the raw values of their kinds.
  package var inferenceCounts: [UInt64] { ledger.inference.counts }

  /// Events of samples that were learnt, by the raw values of their kinds.
  package var learningCounts: [UInt64] { ledger.learning.counts }

  /// All events by core and kind; those of the port and barriers are on no core.
  package var coreCounts: [[UInt64]] { ledger.coreCounts }

  /// Time of samples that were inferred.
  package var inferencePicoseconds: UInt64 { ledger.inference.picoseconds }

  /// Time of samples that were learnt.
  package var learningPicoseconds: UInt64 { ledger.learning.picoseconds }

  /// Potentials of a layer after the last step of the last sample.
  package func potentials(layer: Int) -> [Int32] { potentials[layer].map { Int32($0) } }

  /// The state after a step.
  func snapshot(_ step: Int, _ errors: [Int]) -> ReferenceRecord {
    ReferenceRecord(
      step: step, input: fired[0][step],
      layers: model.layers.indices.map { layer in
        ReferenceRecord.Layer(
          spikes: fired[layer + 1][step], currents: currents[layer],
          potentials: potentials[layer], rises: rises[layer], lastingRises: lastingRises[layer],
          psi: psi[layer], localPotentials: localPotentials[layer])
      },
      errors: errors, layerErrors: layerErrors,
      plastic: connections.indices.filter { model[connections[$0]].plasticity != nil }
        .map { position in
          ReferenceRecord.Plastic(
            preTraces: firstTrace(position, isPresynaptic: true) ?? preTraces[position],
            postTraces: postState(position),
            firstTraces: firstTraces[position], traces: traces[position], tags: tags[position],
            sums: sums[position],
            eligibility: eligibility[position], weights: weights[position])
        })
  }

  /// What the targets of a connection have: its first trace of them, or how plastic they are.
  private func postState(_ position: Int) -> [Int] {
    if model[connections[position]].plasticity?.edge != nil { return plasticities.map(Int.init) }
    return firstTrace(position, isPresynaptic: false) ?? postTraces[position]
  }

  /// The first trace of the sources, or of the targets, that a program has, empty if it has none;
  /// nil for other rules.
  private func firstTrace(_ position: Int, isPresynaptic: Bool) -> [Int]? {
    guard let program = model[connections[position]].plasticity?.program else { return nil }
    let place = program.traces.firstIndex { $0.name.isPresynaptic == isPresynaptic }
    return place.map { traces[position][$0] } ?? []
  }
}

/// State of the oracle after one step, for traces that a person reads.
package struct ReferenceRecord: Sendable, Equatable {
  /// A layer's neurons.
  package struct Layer: Sendable, Equatable {
    /// Neurons that fired, rising.
    package let spikes: [Int]
    /// Synaptic currents, 0 where the layer has none.
    package let currents: [Int]
    /// Potentials after the reset.
    package let potentials: [Int]
    /// Rises of thresholds, 0 where they do not adapt.
    package let rises: [Int]
    /// Rises of thresholds that outlive samples, 0 where there are none.
    package let lastingRises: [Int]
    /// Pseudo-derivatives, 0 where the layer has none.
    package let psi: [Int]
    /// By class: potentials of the layer's own readout, 0 where it has none.
    package let localPotentials: [Int]
  }

  /// A connection that learns.
  package struct Plastic: Sendable, Equatable {
    /// By source: traces, the first one of a program, or spikes of the sample.
    package let preTraces: [Int]
    /// By target: traces of pseudo-derivatives, activities, plasticities, or the first such trace
    /// of a program.
    package let postTraces: [Int]
    /// By source: what the second filter of a presynaptic trace takes in.
    package let firstTraces: [Int]
    /// Traces of a program in the order of its declaration, by source or target.
    package let traces: [[Int]]
    /// Tags of a program; empty where it has none.
    package let tags: [Int]
    /// Sums of changes; empty where the rule has none.
    package let sums: [Int]
    /// By synapse: what an adaptive threshold takes off the presynaptic trace.
    package let eligibility: [Int]
    /// Learning weights.
    package let weights: [Int]
  }

  /// Logical step.
  package let step: Int
  /// Input channels that spiked.
  package let input: [Int]
  /// By layer.
  package let layers: [Layer]
  /// By class; empty where nothing learns from the label.
  package let errors: [Int]
  /// By layer: errors of its neurons, empty but for hidden layers that do not take just what comes
  /// along the readout's weights.
  package let layerErrors: [[Int]]
  /// By connection that learns, in the model's order.
  package let plastic: [Plastic]
}
