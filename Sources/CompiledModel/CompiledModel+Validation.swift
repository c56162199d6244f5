extension CompiledModel {
  /// Throws for the first field that the chip could not run.
  ///
  /// What passes keeps every integer of the kernels within its width, has a file, and is the only
  /// model with that file. `docs/CHIP.md` lists the rules.
  package func validate() throws(ModelError) {
    let meta = FieldPath(section: "meta")
    try meta.name(name, "name")
    try meta.name(chip, "chip")
    try meta.range(steps, 1...Self.stepsMax, "steps")
    try meta.measure(timeStep, "time step")
    try meta.range(inputs, 1...Self.sizeMax, "inputs")
    try meta.range(port.column, 0...Self.meshMax, "port column")
    try meta.range(port.row, 0...Self.meshMax, "port row")
    try meta.range(arithmetic.potentialBits, StateArithmetic.bitsRange, "potential bits")
    try meta.range(arithmetic.currentBits, StateArithmetic.bitsRange, "current bits")
    try meta.range(arithmetic.inputShift, 0...6, "input shift")
    try meta.range(arithmetic.learningWeightBits, 1...16, "learning weight bits")
    if let converter = arithmetic.columnConverter {
      try meta.range(converter.rows, ColumnConverter.rowsRange, "column converter rows")
      try meta.range(converter.bits, ColumnConverter.bitsRange, "column converter bits")
      try meta.require(
        connections.allSatisfy { self[$0].layout == .dense }, "column converter", "present",
        "none but with dense connections alone")
    }
    let path = FieldPath(section: "layers")
    try path.range(layers.count, 1...Self.layersMax, "count")
    // Each layer may be fed by any other: shapes come before connections.
    for (index, layer) in layers.enumerated() {
      let path = path.at("[\(index)]")
      try path.name(layer.name, "name")
      try path.range(layer.size, 1...Self.sizeMax, "size")
      try path.range(layer.phase, 1...Self.phaseMax, "phase")
      try path.range(layer.exponent, -32...32, "exponent")
      try path.range(layer.connections.count, 1...Self.connectionsMax, "connection count")
    }
    for index in layers.indices {
      let path = path.at("[\(index)]")
      try validateUnits(of: index, path)
      try validateNeurons(of: index, path)
      for (place, connection) in layers[index].connections.enumerated() {
        try validate(connection, of: index, path.at("connections[\(place)]"))
      }
      try validateTeacher(of: index, path)
      try validateAssignment(of: index, path)
      try validateClassNeurons(of: index, path)
      try validateSignal(of: index, path)
      try validateRewardMean(of: index, path)
      try validateInputSum(of: index, path)
    }
    try validateInput()
    try validateRules()
    try validateCores()
    try validateTiming()
    _ = try PriceTable(reading: prices.encoded())
  }

  private func validateTeacher(of index: Int, _ path: FieldPath) throws(ModelError) {
    guard let teacher = layers[index].teacher else { return }
    let learns = layers[index].connections.contains {
      $0.plasticity?.isLocal == true && $0.plasticity?.edge == nil
    }
    try path.require(
      index == layers.count - 1 && learns && layers[index].assignment == nil, "teacher", "present",
      "none but on a last layer that learns by a local rule, without an assignment")
    let strengths = 0...arithmetic.potentialLimit
    try path.range(teacher.excitation, strengths, "teacher.excitation")
    try path.range(teacher.inhibition, strengths, "teacher.inhibition")
  }

  private func validateAssignment(of index: Int, _ path: FieldPath) throws(ModelError) {
    guard let assignment = layers[index].assignment else { return }
    let path = path.at("assignment")
    var isSpiking = false
    if case .spiking = layers[index].neurons { isSpiking = true }
    try path.require(
      index == layers.count - 1 && isSpiking, "layer", index, "a last layer that spikes")
    try path.range(assignment.classes, 1...Self.classesMax, "classes")
    let count = layers[index].size * assignment.classes
    try path.range(count, 1...Self.weightsMax, "counts")
    try path.require(
      assignment.counts.count == count, "counts", assignment.counts.count, "\(count)")
    try path.require(
      assignment.counts.allSatisfy { $0 >= 0 }, "counts", "a negative count", "from 0")
  }

  /// The sum of a step's inputs and of all that is added to it stays within 32 bits.
  private func validateInputSum(of index: Int, _ path: FieldPath) throws(ModelError) {
    let layer = layers[index]
    var sum = Int(arithmetic.potentialLimit)
    for connection in layer.connections {
      let shift = Int(arithmetic.inputShift + connection.shift)
      sum += connection.largestInput(targets: layer.size) << shift
      if let converter = arithmetic.columnConverter {
        sum += converter.excess(spikes: connection.sourceSize) << shift
      }
    }
    sum += layer.neurons.membrane.bias.values.reduce(0) { max($0, abs(Int($1))) }
    if let teacher = layer.teacher { sum += Int(max(teacher.excitation, teacher.inhibition)) }
    if layer.neurons.membrane.currentDecay != nil { sum += 1 << (arithmetic.currentBits - 1) }
    try path.require(
      sum < Int(Int32.max), "input sum", "up to \(sum)",
      "below \(Int32.max); fewer sources, "
        + "smaller weights or smaller shifts")
  }

  /// Three-factor learning excludes local rules.
  private func validateRules() throws(ModelError) {
    let rules = plasticConnections.compactMap { self[$0].plasticity }
    try FieldPath(section: "layers").require(
      rules.allSatisfy(\.isLocal) || !rules.contains(where: \.isLocal), "plasticity",
      "three-factor and local rules", "one kind of learning in a model")
  }

  private func validateCores() throws(ModelError) {
    let path = FieldPath(section: "cores")
    try path.range(cores.count, 1...Self.coresMax, "count")
    var layer = 0
    var next = 0
    for (index, core) in cores.enumerated() {
      if layer < layers.count, next == layers[layer].size {
        layer += 1
        next = 0
      }
      try path.require(
        layer < layers.count && core.layer == layer && core.firstNeuron == next
          && core.neuronCount > 0 && core.neuronCount <= layers[layer].size - next, "[\(index)]",
        "\(core.neuronCount) neurons from \(core.firstNeuron) of layer \(core.layer)",
        "the next neurons of the next layer, each once")
      try path.require(
        (0...Self.meshMax).contains(core.column) && (0...Self.meshMax).contains(core.row),
        "[\(index)]", "tile \(core.column),\(core.row)", "0 to 4095")
      next += core.neuronCount
    }
    try path.require(
      layer == layers.count - 1 && next == layers[layer].size, "count", cores.count,
      "cores for all neurons of all layers")
  }

  private func validateTiming() throws(ModelError) {
    let path = FieldPath(section: "timing")
    try path.range(timing.linkBuffer, 1...Self.linkBufferMax, "link buffer")
    try path.range(timing.barriers.count, 0...Int(UInt16.max), "barrier count")
    var tiles = 0
    for (index, barrier) in timing.barriers.enumerated() {
      try path.range(barrier.tiles, 1...1 << 24, "barriers[\(index)].tiles")
      try path.require(barrier.tiles > tiles, "barriers[\(index)].tiles", barrier.tiles, "rising")
      tiles = barrier.tiles
    }
  }
}

extension PlasticityProgram {
  /// Whether it needs nothing but what source and target know.
  var isLocal: Bool {
    switch self {
    case .threeFactor: false
    case .program, .sdsp, .edge: true
    }
  }
}
