import Accelerator
import CompiledModel
import Testing

/// A probe sees what the oracle writes down.
@Suite struct ChipProbeTests {
  private struct Recorder: ChipProbe {
    var states: [ProbedState] = []

    mutating func observe(_ state: ProbedState) { states.append(state) }
  }

  @Test(arguments: RandomModel.Rule.allCases)
  func `states are those of the oracle, while inferring and learning`(rule: RandomModel.Rule) {
    var found: Set<ProbedState.Detail.Quantity> = []
    for seed in 0..<UInt64(60) {
      let model = RandomModel.model(seed: seed, rule: rule)
      let intensities = RandomModel.intensities(1, channels: model.inputs, seed: seed)
      var oracle = ReferenceAccelerator(model)
      oracle.isRecording = true
      var chip = Accelerator(model)
      var recorder = Recorder()
      _ = oracle.infer(intensities, sample: 1)
      _ = chip.infer(intensities, sample: 1, probe: &recorder)
      expect(recorder.states, equal: oracle.record, model, isLearning: false)
      recorder.states = []
      _ = oracle.learn(intensities, sample: 1, label: 0, seed: seed, ordinal: 2)
      let judged = chip.learn(
        intensities, sample: 1, label: 0, seed: seed, ordinal: 2, probe: &recorder)
      if model.layers.last?.teacher?.onMistakes == true, judged.label == 0 {
        #expect(recorder.states.isEmpty)
        continue
      }
      expect(recorder.states, equal: oracle.record, model, isLearning: true)
      found.formUnion(recorder.states.flatMap { $0.details.map(\.quantity) })
    }
    let expected: Set<ProbedState.Detail.Quantity> =
      switch rule {
      case .threeFactor: [.firstFilter, .eligibility, .localReadout]
      case .program: [.x2, .y2, .y3, .tag]
      default: []
      }
    #expect(found == expected)
  }

  private func expect(
    _ states: [ProbedState], equal records: [ReferenceRecord], _ model: CompiledModel,
    isLearning: Bool
  ) {
    #expect(states.count == records.count * (model.layers.count + 1))
    for state in states {
      let record = records[state.step]
      guard let layer = state.layer else {
        #expect(state.spikes.map(Int.init) == record.input)
        continue
      }
      let expected = record.layers[layer]
      #expect(state.spikes.map(Int.init) == expected.spikes)
      #expect(state.potentials.map(Int.init) == expected.potentials)
      #expect(state.currents.isEmpty || state.currents.map(Int.init) == expected.currents)
      let shift = Int(model.layers[layer].homeostasis?.shift ?? 0)
      let rises = zip(expected.rises, expected.lastingRises).map { $0 + $1 << shift }
      #expect(state.rises.isEmpty || state.rises.map(Int.init) == rises)
      let own = model.plasticConnections.indices.filter {
        model.plasticConnections[$0].layer == layer
      }
      #expect(
        state.traces.map(\.connection)
          == (isLearning ? own : []).map {
            model.plasticConnections[$0]
          })
      for detail in state.details {
        let position = own.first { model.plasticConnections[$0] == detail.connection }
        #expect(isLearning && (position == nil) == (detail.quantity == .localReadout))
        #expect(
          detail.values.map(Int.init)
            == values(of: detail, position.map { record.plastic[$0] }, expected, model))
      }
      for (traces, position) in zip(state.traces, own) {
        let plastic = record.plastic[position]
        #expect(traces.pre.isEmpty || traces.pre.map(Int.init) == plastic.preTraces)
        #expect(traces.post.isEmpty || traces.post.map(Int.init) == plastic.postTraces)
      }
    }
  }

  /// What the oracle has for a detail.
  private func values(
    of detail: ProbedState.Detail, _ plastic: ReferenceRecord.Plastic?,
    _ layer: ReferenceRecord.Layer, _ model: CompiledModel
  ) -> [Int]? {
    switch detail.quantity {
    case .localReadout: return layer.localPotentials
    case .tag: return plastic?.tags
    case .eligibility: return plastic?.eligibility
    case .firstFilter: return plastic?.firstTraces
    case .x2, .y2, .y3:
      let traces = detail.connection.flatMap { model[$0].plasticity?.program?.traces } ?? []
      let place = traces.firstIndex { "\($0.name)" == detail.quantity.rawValue }
      return place.flatMap { plastic?.traces[$0] }
    }
  }

  @Test func `a probe changes nothing`() {
    let model = RandomModel.model(seed: 4, rule: .threeFactor)
    let intensities = RandomModel.intensities(1, channels: model.inputs, seed: 4)
    var plain = Accelerator(model)
    var probed = plain
    var recorder = Recorder()
    let expected = plain.learn(intensities, sample: 1, label: 0, seed: 1, ordinal: 1)
    let found = probed.learn(
      intensities, sample: 1, label: 0, seed: 1, ordinal: 1, probe: &recorder)
    #expect(found == expected)
    #expect(probed.learnedState == plain.learnedState)
    #expect(probed.counts == plain.counts)
    #expect(!recorder.states.isEmpty)
  }
}
