extension CompiledModel {
  /// Reads the layers and, block by block, their weights.
  static func layers(
    from section: ArraySlice<UInt8>, _ blocks: BlockReader
  ) throws(ModelError) -> [CompiledLayer] {
    var reader = ByteReader(section, section: "layers")
    var blocks = blocks
    let count = try reader.count("count", 1...layersMax)
    var layers: [CompiledLayer] = []
    for index in 0..<count {
      layers.append(try layer(from: &reader, &blocks, at: "[\(index)]"))
    }
    try reader.finish()
    try blocks.finish()
    return layers
  }

  private static func layer(
    from reader: inout ByteReader, _ blocks: inout BlockReader, at field: String
  ) throws(ModelError) -> CompiledLayer {
    let name = try reader.text(field + ".name", bytesMax: nameBytesMax)
    let size = try reader.count(field + ".size", 1...sizeMax)
    let phase = try reader.count(field + ".phase", 1...phaseMax)
    let exponent = try reader.int32(field + ".exponent")
    let units = try NetworkUnits(from: &reader, size: size, at: field)
    var neurons = try NeuronProgram(from: &reader, size: size, at: field)
    var teacher: TeacherProgram?
    if try reader.flag(field + ".teacher") {
      teacher = TeacherProgram(
        excitation: try reader.int32(field + ".teacher.excitation"),
        inhibition: try reader.int32(field + ".teacher.inhibition"),
        onMistakes: try reader.flag(field + ".teacher.onMistakes"))
    }
    let classes = try reader.count(field + ".assignment", 0...classesMax)
    var signal = try LearningSignalProgram(from: &reader, at: field)
    var rewardMean: RewardMean?
    if try reader.flag(field + ".reward mean") {
      rewardMean = RewardMean(rate: try reader.int32(field + ".reward mean.rate"))
    }
    let count = try reader.count(field + ".connection count", 1...connectionsMax)
    var connections: [CompiledConnection] = []
    for index in 0..<count {
      connections.append(
        try CompiledConnection(
          from: &reader, &blocks, size: size, at: "\(field).connections[\(index)]"))
    }
    if case .spiking(var program) = neurons, program.homeostasis != nil {
      let rises = try blocks.next(size * 2, &reader, field + ".homeostasis.rises")
      program.homeostasis?.rises = rises.integers(as: Int16.self)
      neurons = .spiking(program)
    }
    var assignment: ClassAssignment?
    if classes > 0 {
      let counts = try blocks.next(size * classes * 2, &reader, field + ".assignment.counts")
      assignment = ClassAssignment(classes: classes, counts: counts.integers(as: Int16.self))
    }
    if case .adaptive? = signal?.feedback {
      // As many as there are is for the last layer to say, and judged when all have been read.
      let weights = try blocks.nextAny(&reader, field + ".signal.weights")
      signal?.feedback = .adaptive(weights.integers(as: Int16.self))
    }
    var plasticities: [Int16]?
    if connections.contains(where: { $0.plasticity?.edge != nil }) {
      let bytes = try blocks.next(size * 2, &reader, field + ".plasticities")
      plasticities = bytes.integers(as: Int16.self)
    }
    if rewardMean != nil {
      let mean = try blocks.next(2, &reader, field + ".reward mean.mean")
      rewardMean?.mean = mean.integers(as: Int16.self)[0]
    }
    return CompiledLayer(
      name: name, neurons: neurons, size: size, exponent: exponent, units: units,
      connections: connections, phase: phase, teacher: teacher, assignment: assignment,
      signal: signal, plasticities: plasticities, rewardMean: rewardMean)
  }
}

extension NetworkUnits {
  fileprivate init(
    from reader: inout ByteReader, size: Int, at field: String
  ) throws(ModelError) {
    let count = try reader.count(field + ".scales.count", 0...size)
    // One by one: there is no room for them before the bytes are seen to be there.
    var scales: [Double] = []
    for _ in 0..<count { scales.append(try reader.double(field + ".scales")) }
    self.init(
      scales: scales.isEmpty ? nil : scales, resistance: try reader.double(field + ".resistance"),
      rest: try reader.double(field + ".rest"))
  }
}

extension NeuronProgram {
  fileprivate init(
    from reader: inout ByteReader, size: Int, at field: String
  ) throws(ModelError) {
    let model = try reader.uint8(field + ".model")
    let membrane = try MembraneProgram(from: &reader, size: size, at: field)
    switch model {
    case 0:
      self = .spiking(
        try SpikingProgram(from: &reader, membrane: membrane, size: size, at: field))
    case 1:
      self = .readout(
        ReadoutProgram(
          membrane: membrane, logitMultiplier: try reader.int32(field + ".logit multiplier"),
          logitShift: try reader.int32(field + ".logit shift"),
          neuronsPerClass: try reader.int32(field + ".neurons per class")))
    default:
      throw reader.error(field + ".model", found: "\(model)", expected: "0, spiking, or 1, readout")
    }
  }
}

extension SpikingProgram {
  fileprivate init(
    from reader: inout ByteReader, membrane: MembraneProgram, size: Int, at field: String
  ) throws(ModelError) {
    let threshold = try NeuronValues(from: &reader, size: size, at: field + ".threshold")
    let raw = try reader.uint8(field + ".reset")
    guard let reset = Reset(rawValue: raw) else {
      throw reader.error(field + ".reset", found: "\(raw)", expected: "0 to 2")
    }
    self.init(
      membrane: membrane, threshold: threshold, reset: reset,
      resetPotential: try NeuronValues(from: &reader, size: size, at: field + ".reset potential"),
      refractorySteps: try reader.int32(field + ".refractory"))
    if try reader.flag(field + ".adaptation") {
      adaptation = Adaptation(
        decay: try reader.int32(field + ".adaptation.decay"),
        impulse: try NeuronValues(from: &reader, size: size, at: field + ".adaptation.impulse"))
    }
    if try reader.flag(field + ".psi") {
      pseudoDerivative = PseudoDerivative(
        multiplier: try NeuronValues(from: &reader, size: size, at: field + ".psi.multiplier"),
        shift: try reader.int32(field + ".psi.shift"))
    }
    if try reader.flag(field + ".competition") {
      competition = Competition(inhibition: try reader.int32(field + ".competition.inhibition"))
    }
    if try reader.flag(field + ".homeostasis") {
      // Its rises are a block of their own, which follows those of the connections.
      homeostasis = Homeostasis(
        impulse: try reader.int32(field + ".homeostasis.impulse"),
        decay: try reader.int32(field + ".homeostasis.decay"),
        shift: try reader.int32(field + ".homeostasis.shift"), rises: [])
    }
  }
}

extension MembraneProgram {
  fileprivate init(
    from reader: inout ByteReader, size: Int, at field: String
  ) throws(ModelError) {
    let decay = try reader.int32(field + ".decay")
    let currentDecay =
      try reader.flag(field + ".current") ? try reader.int32(field + ".current decay") : nil
    self.init(
      decay: decay, currentDecay: currentDecay,
      bias: try NeuronValues(from: &reader, size: size, at: field + ".bias"))
  }
}

extension NeuronValues {
  /// One value or `size` of them; whether they are written as short as they can be is judged later.
  fileprivate init(
    from reader: inout ByteReader, size: Int, at field: String
  ) throws(ModelError) {
    let count = try reader.count(field + ".count", 1...size)
    guard count == 1 || count == size else {
      throw reader.error(field + ".count", found: "\(count)", expected: "1 or \(size)")
    }
    self.init(0)
    values = try reader.int32s(count, field)
  }
}
