/// How the intensities of a sample become input spikes, in the chip's integers.
package enum InputProgram: Sendable, Equatable {
  /// Each channel spikes in each step with the probability intensity / 255.
  case bernoulli(seed: UInt64)
  /// A channel spikes iff a 16-bit draw is below the level of its intensity, one of 256.
  case draws(seed: UInt64, levels: [UInt16])
  /// A channel that is not silent spikes once, in step `(255 - intensity) * steps / 255`.
  case latency
  /// Intensities act through the weights of the input's connections, in each step alike.
  case directCurrent
  /// Two sources a channel spike where its level rose or fell by `threshold` since its last spike.
  case levelCrossing(threshold: Int32)

  /// Levels of intensities that `bernoulli` stands for; `draws` never has these.
  package static let plainLevels: [UInt16] = (0...255).map { $0 * 257 }

  /// Intensities of one sample.
  package func sampleSize(inputs: Int, steps: Int) -> Int {
    if case .levelCrossing = self { return inputs / 2 * steps }
    return inputs
  }

  func write(to writer: inout ByteWriter) {
    switch self {
    case .bernoulli(let seed):
      writer.uint8(0)
      writer.uint64(seed)
    case .draws(let seed, let levels):
      writer.uint8(1)
      writer.uint64(seed)
      writer.integers(levels)
    case .latency: writer.uint8(2)
    case .directCurrent: writer.uint8(3)
    case .levelCrossing(let threshold):
      writer.uint8(4)
      writer.int32(threshold)
    }
  }

  init(from reader: inout ByteReader) throws(ModelError) {
    let kind = try reader.uint8("encoder")
    switch kind {
    case 0: self = .bernoulli(seed: try reader.uint64("encoder seed"))
    case 1:
      let seed = try reader.uint64("encoder seed")
      var levels: [UInt16] = []
      for index in 0..<256 { levels.append(try reader.uint16("encoder levels[\(index)]")) }
      self = .draws(seed: seed, levels: levels)
    case 2: self = .latency
    case 3: self = .directCurrent
    case 4: self = .levelCrossing(threshold: try reader.int32("encoder threshold"))
    default: throw reader.error("encoder", found: "\(kind)", expected: "0 to 4")
    }
  }
}

extension CompiledModel {
  /// Intensities of one sample.
  package var sampleSize: Int { input.sampleSize(inputs: inputs, steps: steps) }

  func validateInput() throws(ModelError) {
    let path = FieldPath(section: "meta")
    switch input {
    case .bernoulli, .latency: break
    case .draws(_, let levels):
      try path.require(
        levels.count == 256 && levels != InputProgram.plainLevels, "encoder levels",
        "\(levels.count), those of Bernoulli", "256 levels other than those of Bernoulli")
    case .levelCrossing(let threshold):
      try path.range(threshold, 1...255, "encoder threshold")
      try path.require(
        inputs % 2 == 0, "inputs", inputs, "an even number, two for each channel of levels")
    case .directCurrent:
      try path.require(
        arithmetic.columnConverter == nil, "encoder", "direct current",
        "spikes, as converters read columns")
      for index in connections where self[index].source == nil {
        let connection = self[index]
        try FieldPath(section: "layers").require(
          connection.layout == .dense && connection.pooling == nil && connection.delay == 0
            && connection.plasticity == nil,
          "[\(index.layer)].connections[\(index.connection)]",
          "one from an input of direct current",
          "a dense one without pooling, delay and learning")
      }
    }
  }
}
