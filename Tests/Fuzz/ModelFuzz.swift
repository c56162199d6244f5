import Accelerator
import CompiledModel

/// Whatever is read has just the bytes that it was read from, and runs as the definition says.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzModel(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = ModelPieces.file(of: UnsafeBufferPointer(start: input, count: count))
  guard let model = try? CompiledModel(reading: bytes) else { return 0 }
  precondition(model.encoded() == bytes, "a model with other bytes than it was read from")
  if work(of: model) < 100_000 { run(model) }
  return 0
}

/// Steps times whatever is visited in one.
private func work(of model: CompiledModel) -> Int {
  let weights = model.connections.reduce(0) { sum, index in
    let connection = model[index]
    guard case .convolution = connection.layout else { return sum + connection.weights.count }
    // Each weight at each place.
    return sum + connection.weights.count * model.layers[index.layer].size
  }
  let neurons = model.layers.reduce(model.inputs) { $0 + $1.size }
  let phases = model.layers.map(\.phase).max() ?? 0
  return model.steps * (weights + neurons + model.cores.count) + phases * model.cores.count
}

/// Infers two samples and learns two, and holds the results against the reference.
private func run(_ model: CompiledModel) {
  var chip = Accelerator(model)
  var reference = ReferenceAccelerator(model)
  for sample in 0..<4 as Range<UInt64> {
    let dark = sample % 2 == 1
    let intensities = (0..<model.inputs).map { channel -> UInt8 in
      dark ? UInt8(channel * 37 % 256) : 255
    }
    let own: Inference
    let expected: Inference
    if sample < 2 {
      own = chip.infer(intensities, sample: sample)
      expected = reference.infer(intensities, sample: sample)
    } else {
      let label = Int(sample) % model.classes
      own = chip.learn(intensities, sample: sample, label: label, seed: 7, ordinal: sample)
      expected = reference.learn(
        intensities, sample: sample, label: label, seed: 7, ordinal: sample)
    }
    precondition(own == expected, "sample \(sample): \(own), expected \(expected)")
  }
  if model.hasAssignment {
    let bright = [UInt8](repeating: 255, count: model.inputs)
    precondition(
      chip.assign(bright, sample: 4, label: 0) == reference.assign(bright, sample: 4, label: 0),
      "another inference where neurons are assigned")
  }
  precondition(chip.learnedState == reference.learnedState, "other weights were learnt")
  precondition(chip.inferenceCounts == reference.inferenceCounts, "other events were counted")
  precondition(chip.learningCounts == reference.learningCounts, "other events of learning")
  precondition(chip.saturations == reference.saturations, "other saturations")
  precondition(chip.inferencePicoseconds == reference.inferencePicoseconds, "another time")
  precondition(chip.learningPicoseconds == reference.learningPicoseconds, "another learning time")
  do { try chip.learntModel.validate() } catch { preconditionFailure("learnt: \(error)") }
}
