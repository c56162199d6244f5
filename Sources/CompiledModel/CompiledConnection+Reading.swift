extension CompiledConnection {
  /// Reads a connection that feeds `size` neurons, and its blocks.
  init(
    from reader: inout ByteReader, _ blocks: inout BlockReader, size: Int, at field: String
  ) throws(ModelError) {
    let source = try reader.count(field + ".source", 0...CompiledModel.layersMax)
    let sourceSize = try reader.count(field + ".source size", 1...CompiledModel.sizeMax)
    let pooling = try SourcePooling(from: &reader, at: field + ".pooling")
    let delay = try reader.count(field + ".delay", 0...CompiledModel.delayMax)
    let shift = try reader.int32(field + ".shift")
    let raw = try reader.uint8(field + ".precision")
    guard let precision = SynapsePrecision(rawValue: raw) else {
      throw reader.error(field + ".precision", found: "\(raw)", expected: "1, 4 or 8")
    }
    let rule = try Self.plasticity(from: &reader, at: field)
    let pooledSize = pooling?.pooledSize ?? sourceSize
    guard pooledSize <= CompiledModel.sizeMax else {
      throw reader.error(
        field + ".pooling", found: "\(pooledSize) sources",
        expected: "at most \(CompiledModel.sizeMax)")
    }
    let layout = try SynapseLayout(from: &reader, &blocks, sources: pooledSize, at: field)
    let count = layout.weightCount(sources: pooledSize, targets: size)
    guard count <= CompiledModel.weightsMax else {
      throw reader.error(
        field + ".weights", found: "\(count)", expected: "at most \(CompiledModel.weightsMax)")
    }
    let length = rule == nil ? precision.packedBytes(count) : count * 2
    let bytes = try blocks.next(length, &reader, field + ".weights")
    let weights: Weights
    if let rule {
      weights = .plastic(bytes.integers(as: Int16.self), rule.program, bounds: rule.bounds)
    } else if let values = precision.unpacked(bytes, count: count) {
      weights = .fixed(values)
    } else {
      throw reader.error(field + ".weights", found: "bits beyond the last", expected: "zeros")
    }
    self.init(
      source: source == 0 ? nil : source - 1, sourceSize: sourceSize, pooling: pooling,
      layout: layout, delay: delay, shift: shift, precision: precision, weights: weights,
      normalisation: rule?.normalisation)
  }

  private static func plasticity(
    from reader: inout ByteReader, at field: String
  ) throws(ModelError) -> (
    program: PlasticityProgram, bounds: ClosedRange<Int16>, normalisation: Int32?
  )? {
    let field = field + ".plasticity"
    let kind = try reader.uint8(field)
    let program: PlasticityProgram
    switch kind {
    case 0:
      return nil
    case 1:
      program = .threeFactor(
        ThreeFactorProgram(fields: try reader.int32s(ThreeFactorProgram.fieldCount, field)))
    case 2:
      program = .program(try LearningProgram(from: &reader, at: field))
    case 3:
      program = .sdsp(SDSPProgram(fields: try reader.int32s(SDSPProgram.fieldCount, field)))
    case 4:
      program = .edge(
        EdgeLearningProgram(fields: try reader.int32s(EdgeLearningProgram.fieldCount, field)))
    default:
      throw reader.error(field, found: "\(kind)", expected: "0 to 4")
    }
    let lower = try reader.int16(field + ".weight min")
    let upper = try reader.int16(field + ".weight max")
    guard lower <= upper else {
      throw reader.error(field + ".weight min", found: "\(lower)", expected: "at most \(upper)")
    }
    let sum = try reader.int32(field + ".normalisation")
    return (program, lower...upper, sum == 0 ? nil : sum)
  }
}

extension SourcePooling {
  /// Reads it where it follows.
  fileprivate init?(from reader: inout ByteReader, at field: String) throws(ModelError) {
    guard try reader.flag(field) else { return nil }
    let sizes = 1...CompiledModel.sizeMax
    self.init(
      height: try reader.count(field + ".height", sizes),
      width: try reader.count(field + ".width", sizes),
      channels: try reader.count(field + ".channels", sizes),
      window: try reader.count(field + ".window", sizes))
  }
}

extension SynapseLayout {
  /// Reads a layout that leads from `sources`, with its lists.
  fileprivate init(
    from reader: inout ByteReader, _ blocks: inout BlockReader, sources: Int, at field: String
  ) throws(ModelError) {
    let kind = try reader.uint8(field + ".layout")
    switch kind {
    case 0:
      self = .dense
    case 1:
      let count = try reader.count(field + ".synapses", 0...CompiledModel.weightsMax)
      let lists = try blocks.next((sources + 1 + count) * 4, &reader, field + ".lists")
      let parts = lists.startIndex + (sources + 1) * 4
      self = .sparse(
        rowStarts: lists[..<parts].integers(as: UInt32.self),
        targets: lists[parts...].integers(as: UInt32.self))
    case 2:
      var fields: [Int] = []
      for index in 0..<ConvolutionShape.fieldCount {
        fields.append(
          try reader.count("\(field).convolution[\(index)]", ConvolutionShape.range(of: index)))
      }
      self = .convolution(ConvolutionShape(fields: fields))
    case 3:
      self = .oneToOne
    default:
      throw reader.error(field + ".layout", found: "\(kind)", expected: "0 to 3")
    }
  }
}
