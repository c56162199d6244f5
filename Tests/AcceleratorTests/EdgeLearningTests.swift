import Accelerator
import CompiledModel
import Testing

/// Weights of one bit: what a sample changes, and what it never does.
@Suite struct EdgeLearningTests {
  private func golden(_ name: String) throws -> CompiledModel {
    try #require(GoldenCase.edge.first { $0.name == name }).model
  }

  /// Weights of 1 of each neuron.
  private func ones(_ state: [[Int16]], neurons: Int) -> [Int] {
    (0..<neurons).map { neuron in
      state[0].indices.count { $0 % neurons == neuron && state[0][$0] != 0 }
    }
  }

  @Test func `each neuron keeps as many weights as it has, whatever it is shown`() {
    for seed in 0..<30 as Range<UInt64> {
      let model = RandomModel.model(seed: seed, rule: .edge)
      let neurons = model.layers[model.layers.count - 1].size
      var chip = Accelerator(model)
      for sample in 0..<12 as Range<UInt64> {
        let intensities = RandomModel.intensities(sample, channels: model.inputs, seed: seed)
        _ = chip.learn(
          intensities, sample: sample, label: Int(sample) % model.classes, seed: seed,
          ordinal: sample)
      }
      let state = chip.learnedState
      #expect(ones(state, neurons: neurons) == ones(model.learnedState, neurons: neurons))
      #expect(state[0].allSatisfy { $0 == 0 || $0 == EdgeLearningProgram.weight })
    }
  }

  @Test func `a sample without a label changes nothing`() throws {
    let model = try golden("edge-learning-on-cores")
    var chip = Accelerator(model)
    for sample in 0..<5 as Range<UInt64> {
      _ = chip.learn([255, 200, 90], sample: sample, label: nil, seed: 1, ordinal: sample)
      _ = chip.infer([255, 200, 90], sample: sample)
    }
    #expect(chip.learnedState == model.learnedState)
  }

  @Test func `only one neuron of the label's class changes in a sample`() throws {
    let model = try golden("edge-learning")
    for label in 0..<2 {
      var chip = Accelerator(model)
      _ = chip.learn(
        [255, 0, 255, 0, 255, 0], sample: 1, label: label, seed: 1, ordinal: 1)
      let changed = Set(
        zip(chip.learnedState[0], model.learnedState[0]).enumerated()
          .filter { $0.element.0 != $0.element.1 }.map { $0.offset % 4 })
      #expect(changed.count <= 1)
      #expect(changed.allSatisfy { $0 / 2 == label })
      #expect(chip.learnedState[1] != model.learnedState[1] || label == 1)
    }
  }

  @Test func `a fully plastic neuron takes up the inputs that were active`() throws {
    var model = try golden("edge-learning")
    model.layers[0].plasticities = [32_767, 0, 0, 0]
    var chip = Accelerator(model)
    for sample in 0..<6 as Range<UInt64> {
      _ = chip.learn(
        [255, 255, 0, 0, 0, 255], sample: sample, label: 0, seed: 1, ordinal: sample)
    }
    let row = (0..<6).map { chip.learnedState[0][$0 * 4] != 0 }
    #expect(row == [true, true, false, false, false, true])
  }

  @Test func `a win takes the same share of plasticity until the least is left`() {
    let rule = EdgeLearningProgram(
      activeSpikes: 1, plasticityDecay: 1 << 14, plasticityMin: 500, competition: 0)
    #expect(rule.plasticity(after: 1000) == 750)
    #expect(rule.plasticity(after: 600) == 500)
    #expect(rule.plasticity(after: 500) == 500)
    #expect(rule.moves(of: 8, plasticity: 16_384, draw: 0) == 4)
    #expect(rule.moves(of: 3, plasticity: 16_384, draw: 16_383) == 1)
    #expect(rule.moves(of: 3, plasticity: 16_384, draw: 16_384) == 2)
    #expect(rule.moves(of: 8, plasticity: 0, draw: 32_767) == 0)
  }

  @Test func `a frozen last layer judges as before and learns nothing`() throws {
    let model = try golden("edge-learning")
    let frozen = model.freezing(Set(model.learnedBlocks.map(\.number)))
    try frozen.validate()
    #expect(frozen.classes == 2 && frozen.learnedBlocks.isEmpty)
    var (chip, twin) = (Accelerator(frozen), Accelerator(model))
    for sample in 0..<4 as Range<UInt64> {
      let intensities: [UInt8] = [255, UInt8(sample * 60), 90, 0, 255, 30]
      #expect(
        chip.infer(intensities, sample: sample) == twin.infer(intensities, sample: sample))
    }
  }

  @Test func `what was learnt moves to another chip, and through a file`() throws {
    let model = try golden("edge-learning-on-cores")
    var chip = Accelerator(model)
    for sample in 0..<6 as Range<UInt64> {
      _ = chip.learn([255, 90, 200], sample: sample, label: 0, seed: 2, ordinal: sample)
    }
    var other = Accelerator(model)
    other.load(learnedState: chip.learnedState)
    let read = try CompiledModel(reading: chip.learntModel.encoded())
    #expect(read == chip.learntModel && read.learnedState == other.learnedState)
    #expect(
      other.infer([0, 255, 255], sample: 9) == chip.infer([0, 255, 255], sample: 9))
  }

  @Test func `models that no chip could run are refused by field`() throws {
    let model = try golden("edge-learning")
    func field(_ change: (inout CompiledModel) -> Void) -> String? {
      var model = model
      change(&model)
      do { try model.validate() } catch { return error.field }
      return nil
    }
    func rule(_ change: (inout EdgeLearningProgram) -> Void) -> String? {
      field { model in
        let index = CompiledModel.ConnectionIndex(layer: 0, connection: 0)
        guard case .plastic(let weights, .edge(var rule), let bounds) = model[index].weights
        else { return }
        change(&rule)
        model[index].weights = .plastic(weights, .edge(rule), bounds: bounds)
      }
    }
    let place = "[0].connections[0]."
    #expect(rule { $0.activeSpikes = 0 } == place + "active spikes")
    #expect(rule { $0.activeSpikes = 4097 } == place + "active spikes")
    #expect(rule { $0.plasticityDecay = 65_536 } == nil)
    #expect(rule { $0.plasticityDecay = 65_537 } == place + "plasticity decay")
    #expect(rule { $0.plasticityMin = 32_768 } == place + "plasticity min")
    #expect(rule { $0.competition = 32 << 15 + 1 } == place + "competition")
    #expect(field { $0.layers[0].plasticities = nil } == "[0].plasticities")
    #expect(field { $0.layers[0].plasticities = [1, 1, 1] } == "[0].plasticities")
    #expect(field { $0.layers[0].plasticities = [1, 1, 1, -1] } == "[0].plasticities")
    func group(_ count: Int32) -> String? {
      field { model in
        guard case .readout(var program) = model.layers[0].neurons else { return }
        program.neuronsPerClass = count
        model.layers[0].neurons = .readout(program)
      }
    }
    #expect(group(4) == nil)
    #expect(group(3) == "[0].neurons per class")
    #expect(group(0) == "[0].neurons per class")
    #expect(
      field { $0.layers[0].connections.append($0.layers[0].connections[0]) }
        == place + "plasticity")
    #expect(field { $0.arithmetic.learningWeightBits = 7 } == place + "bounds")
  }
}
