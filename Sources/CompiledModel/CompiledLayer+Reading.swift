extension CompiledModel {
  /// Reads the layers and, from where they point, their weights.
  static func layers(
    from section: ArraySlice<UInt8>, file: [UInt8]
  ) throws(ModelError) -> [CompiledLayer] {
    var reader = ByteReader(section, section: "layers")
    let count = try reader.count("count", 1...layersMax)
    var layers: [CompiledLayer] = []
    for index in 0..<count {
      let name = try reader.text("[\(index)].name", bytesMax: 63)
      let size = try reader.count("[\(index)].size", 1...sizeMax)
      let phase = try reader.count("[\(index)].phase", 0...layersMax)
      let neurons = try neuronProgram(from: &reader, at: "[\(index)]")
      let connection = try connection(
        from: &reader, at: "[\(index)].connection", size: size, file: file)
      layers.append(
        CompiledLayer(
          name: name, neurons: neurons, size: size, connection: connection, phase: phase))
    }
    try reader.finish()
    return layers
  }

  private static func neuronProgram(
    from reader: inout ByteReader, at field: String
  ) throws(ModelError) -> NeuronProgram {
    let model = try reader.uint8(field + ".model")
    let decay = try reader.int32(field + ".decay")
    let bias = try reader.int32(field + ".bias")
    switch model {
    case 0:
      let threshold = try reader.int32(field + ".threshold")
      let raw = try reader.uint8(field + ".reset")
      guard let reset = SpikingProgram.Reset(rawValue: raw) else {
        throw reader.error(field + ".reset", found: "\(raw)", expected: "0 to 2")
      }
      return .spiking(
        SpikingProgram(
          decay: decay, bias: bias, threshold: threshold, reset: reset,
          resetPotential: try reader.int32(field + ".reset potential"),
          refractorySteps: try reader.int32(field + ".refractory")))
    case 1:
      return .readout(
        ReadoutProgram(
          decay: decay, bias: bias, logitMultiplier: try reader.int32(field + ".logit multiplier"),
          logitShift: try reader.int32(field + ".logit shift")))
    default:
      throw reader.error(field + ".model", found: "\(model)", expected: "0, spiking, or 1, readout")
    }
  }

  private static func connection(
    from reader: inout ByteReader, at field: String, size: Int, file: [UInt8]
  ) throws(ModelError) -> CompiledConnection {
    let source = try reader.count(field + ".source", 0...layersMax)
    let sourceSize = try reader.count(field + ".source size", 1...sizeMax)
    let raw = try reader.uint8(field + ".layout")
    guard let layout = CompiledConnection.Layout(rawValue: raw) else {
      throw reader.error(field + ".layout", found: "\(raw)", expected: "0, dense")
    }
    let exponent = try reader.int32(field + ".exponent")
    let offset = try reader.uint64(field + ".weights offset")
    let length = try reader.uint64(field + ".weights bytes")
    let rule = try plasticity(from: &reader, at: field)
    // Both sizes are below 2^17, so the product cannot overflow.
    let expected = sourceSize * size * (rule == nil ? 1 : 2)
    guard length == UInt64(expected), offset <= UInt64(file.count),
      length <= UInt64(file.count) - offset
    else {
      throw reader.error(
        field + ".weights", found: "\(length) bytes at \(offset)",
        expected: "\(expected) bytes within the file's \(file.count)")
    }
    let bytes = file[Int(offset)..<Int(offset + length)]
    let weights: CompiledConnection.Weights
    if let rule {
      weights = .plastic(int16s(bytes), rule.program, bounds: rule.bounds)
    } else {
      weights = .fixed(bytes.map { Int8(bitPattern: $0) })
    }
    return CompiledConnection(
      source: source == 0 ? nil : source - 1, sourceSize: sourceSize, layout: layout,
      exponent: exponent, weights: weights)
  }

  private static func plasticity(
    from reader: inout ByteReader, at field: String
  ) throws(ModelError) -> (program: PlasticityProgram, bounds: ClosedRange<Int16>)? {
    let kind = try reader.uint8(field + ".plasticity")
    guard kind != 0 else { return nil }
    guard kind <= 2 else {
      throw reader.error(field + ".plasticity", found: "\(kind)", expected: "0 to 2")
    }
    var fields: [Int32] = []
    for index in 0..<(kind == 1 ? 11 : 6) {
      fields.append(try reader.int32(field + ".plasticity[\(index)]"))
    }
    let low = try reader.int32(field + ".weight min")
    let high = try reader.int32(field + ".weight max")
    guard let lower = Int16(exactly: low), let upper = Int16(exactly: high), lower <= upper else {
      throw reader.error(
        field + ".weight min", found: "\(low) to \(high)", expected: "a range of 16 bits")
    }
    return (
      kind == 1
        ? .threeFactor(ThreeFactorProgram(fields: fields))
        : .pairSTDP(PairSTDPProgram(fields: fields)),
      lower...upper
    )
  }

  private static func int16s(_ bytes: ArraySlice<UInt8>) -> [Int16] {
    let start = bytes.startIndex
    return (0..<bytes.count / 2).map { index in
      let low = UInt16(bytes[start + 2 * index])
      return Int16(bitPattern: low | UInt16(bytes[start + 2 * index + 1]) << 8)
    }
  }
}
