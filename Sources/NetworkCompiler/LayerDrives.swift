import CompiledModel
import SpikingNetwork

/// What the sources of a layer can do to it in one step, in units of the potential.
struct LayerDrives {
  /// By neuron: every source spikes, negative weights excepted.
  private(set) var positive: [Int64]
  /// Every source spikes, all weights taken as positive, those that learn at their largest: the
  /// most that a neuron of each connection takes, added up.
  private(set) var magnitude: Int64 = 0
  /// The largest magnitude that one spike can have.
  private(set) var largestSpike: Int64 = 0

  init(_ layer: CompiledLayer, inputShift: Int32) {
    positive = [Int64](repeating: 0, count: layer.size)
    for connection in layer.connections {
      let window = Int64(connection.pooling?.window ?? 1)
      let factor: Int64 = 1 << Int64(inputShift + connection.shift)
      let spikes = window * window * factor
      let (ups, size) = Self.sums(connection, targets: layer.size)
      for neuron in 0..<layer.size {
        positive[neuron] += ups[neuron % ups.count] * spikes
      }
      var largest: Int64
      switch connection.weights {
      case .fixed(let weights):
        largest = weights.reduce(0) { max($0, Int64($1.magnitude)) }
        magnitude += size * spikes
      case .plastic(_, _, let bounds):
        largest = [bounds.lowerBound, bounds.upperBound].reduce(0) {
          max($0, Int64(ChipArithmetic.inferenceWeight($1).magnitude))
        }
        let all = Int64(ChipArithmetic.weightLimit) * Int64(connection.pooledSize)
        magnitude += all * spikes
      }
      largestSpike = max(largestSpike, largest * factor)
    }
  }

  /// Sums of positive weights by target or channel, and the largest sum of magnitudes.
  private static func sums(
    _ connection: CompiledConnection, targets: Int
  ) -> (ups: [Int64], size: Int64) {
    let weights = connection.inferenceWeights
    switch connection.layout {
    case .dense:
      return sums(weights, rows: connection.pooledSize, columns: targets)
    case .sparse(_, let listed):
      var ups = [Int32](repeating: 0, count: targets)
      var sizes = ups
      ups.withUnsafeMutableBufferPointer { ups in
        sizes.withUnsafeMutableBufferPointer { sizes in
          for (target, weight) in zip(listed, weights) {
            ups[Int(target)] &+= Int32(max(0, weight))
            sizes[Int(target)] &+= Int32(weight.magnitude)
          }
        }
      }
      return (ups.map(Int64.init), Int64(sizes.max() ?? 0))
    case .convolution(let shape):
      let columns = shape.outputChannels
      return sums(weights, rows: weights.count / max(1, columns), columns: columns)
    case .oneToOne:
      return sums(weights, rows: 1, columns: 1)
    }
  }

  private static func sums(
    _ weights: [Int8], rows: Int, columns: Int
  ) -> (ups: [Int64], size: Int64) {
    // A connection has 2^20 sources at most, so that sums of 127 a row fit 32 bits.
    var ups = [Int32](repeating: 0, count: columns)
    var sizes = ups
    weights.withUnsafeBufferPointer { weights in
      ups.withUnsafeMutableBufferPointer { ups in
        sizes.withUnsafeMutableBufferPointer { sizes in
          for row in 0..<rows {
            for column in 0..<columns {
              let weight = Int32(weights[row * columns + column])
              ups[column] &+= max(0, weight)
              sizes[column] &+= abs(weight)
            }
          }
        }
      }
    }
    return (ups.map(Int64.init), Int64(sizes.max() ?? 0))
  }
}

extension NetworkLowering {
  /// Share by which a binary scale may be off.
  private static let binaryError = 0.05

  /// Rules on what a layer's inputs do to its neurons.
  mutating func checkRanges(of layer: LoweredLayer, node: PopulationGraph.Node) {
    checkUnits(layer.units, node: node)
    checkBinary(layer.units, node: node)
    let drives = LayerDrives(layer.compiled, inputShift: chip.arithmetic.inputShift)
    let name = layer.compiled.name
    let membrane = layer.compiled.neurons.membrane
    let potentialLimit = Int64(chip.arithmetic.potentialLimit)
    let currentLimit = Int64(1) << Int64(chip.arithmetic.currentBits - 1) - 1

    let current = membrane.currentDecay == nil ? 0 : currentLimit + 1
    let teacher = layer.compiled.teacher.map { Int64(max($0.excitation, $0.inhibition)) } ?? 0
    let bias = membrane.bias.values.reduce(0) { max($0, abs(Int64($1))) }
    let sum = drives.magnitude + potentialLimit + current + teacher + bias
    if sum >= Int64(Int32.max) {
      refuse(
        name, .inputRange, limit: "a sum of 32 bits, below \(Int32.max)", need: "\(sum)",
        cure: "give its neurons fewer sources, or weights of the same order")
    }
    let limit = membrane.currentDecay == nil ? potentialLimit : min(potentialLimit, currentLimit)
    if drives.largestSpike > limit {
      refuse(
        name, .saturatingLayer, limit: "\(limit), the end of the potential",
        need: "\(drives.largestSpike) for one spike",
        cure: "scale the largest weights down, or use a chip with wider potentials")
    }
    checkAlive(layer.compiled, drives: drives)
  }

  /// Beside weights that learn, the unit of binary ones is a power of two, which their scale has to
  /// be.
  private mutating func checkBinary(_ units: LayerUnits, node: PopulationGraph.Node) {
    for (place, edge) in node.edges.enumerated()
    where !units.isScaled && precision(of: projection(edge)).width == .binary {
      let mean = weights(of: edge, into: node).magnitudes(groups: 1).mean[0]
      let scale = mean * node.population.model.resistance
      let unit = units.unit(edge: place)
      guard abs(scale - unit) > unit * Self.binaryError else { continue }
      refuse(
        node.population.name, .precisionUnsupported,
        limit: "a binary scale that is a power of two beside weights that learn",
        need: "a scale of \(ShortNumber.text(scale)) from `\(projection(edge).source)`",
        cure: "scale these weights to \(unit), or ask for int8")
    }
  }

  private mutating func checkUnits(_ units: LayerUnits, node: PopulationGraph.Node) {
    let coarsest = UnitSearch.exponents.upperBound
    guard !units.isScaled, units.exponent + Int(units.shifts.max() ?? 0) > coarsest else { return }
    let unit = Double(sign: .plus, exponent: coarsest, significand: 1)
    let needs = zip(node.edges, units.limits).map { edge, limit in
      let weights = weights(of: edge, into: node)
      let largest = weights.magnitudes(groups: 1).largest[0]
      return (
        need: largest * node.population.model.resistance, limit: Double(limit) * unit,
        source: projection(edge).source
      )
    }
    if let found = needs.first(where: { $0.need > $0.limit }) {
      refuse(
        node.population.name, .weightRange, limit: ShortNumber.text(found.limit, .down),
        need: "\(ShortNumber.text(found.need, .up)) from `\(found.source)`",
        cure: "scale weights and threshold down together")
    } else {
      refuse(
        node.population.name, .potentialRange,
        limit: "a threshold, and bounds of weights, within units of \(ShortNumber.text(unit))",
        need: "units of \(ShortNumber.text(unit * 2)) or more",
        cure: "scale weights and threshold down together")
    }
  }

  /// The best case: every source spikes in every step and all negative weights stay silent.
  private mutating func checkAlive(_ layer: CompiledLayer, drives: LayerDrives) {
    guard case .spiking(let program) = layer.neurons else { return checkReads(layer) }
    // The best neuron first: most layers are alive by it.
    let shares = (0..<layer.size).map {
      Double(drives.positive[$0]) / Double(max(1, program.threshold[$0]))
    }
    let best = shares.indices.max { shares[$0] < shares[$1] } ?? 0
    var highest = (neuron: best, peak: peak(program, best, drives))
    if highest.peak > Int64(program.threshold[best]) { return }
    // Drives order neurons but for biases of their own.
    if !program.membrane.bias.isShared {
      for neuron in 0..<layer.size {
        let peak = peak(program, neuron, drives)
        if peak > Int64(program.threshold[neuron]) { return }
        if peak > highest.peak { highest = (neuron, peak) }
      }
    }
    refuse(
      layer.name, .deadLayer,
      limit: "a potential above the threshold \(program.threshold[highest.neuron])",
      need: "at most \(highest.peak) with every source spiking",
      cure: "raise the weights, lower the threshold, or show samples for more steps")
  }

  /// A readout whose weights are all zero tells no class from another, unless it is to learn them.
  private mutating func checkReads(_ layer: CompiledLayer) {
    let isSilent = layer.connections.allSatisfy { connection in
      if case .fixed(let weights) = connection.weights { return weights.allSatisfy { $0 == 0 } }
      return false
    }
    guard isSilent else { return }
    refuse(
      layer.name, .deadLayer, limit: "at least one weight that is not 0",
      need: "weights that are all 0 in units of the chip",
      cure: "train the readout, or raise its weights")
  }

  private func peak(_ program: SpikingProgram, _ neuron: Int, _ drives: LayerDrives) -> Int64 {
    let limit = Int64(chip.arithmetic.potentialLimit)
    let currentLimit = Int64(1) << Int64(chip.arithmetic.currentBits - 1) - 1
    let bias = Int64(program.membrane.bias[neuron])
    var potential: Int64 = 0
    var current: Int64 = 0
    var peak: Int64 = 0
    for _ in 0..<network.steps {
      var input = drives.positive[neuron]
      if let decay = program.membrane.currentDecay {
        let kept = Int64(ChipArithmetic.decayed(Int32(current), by: decay))
        current = max(-currentLimit, min(currentLimit, kept + input))
        input = current
      }
      let kept = Int64(ChipArithmetic.decayed(Int32(potential), by: program.membrane.decay))
      potential = max(-limit, min(limit, kept + input + bias))
      peak = max(peak, potential)
    }
    return peak
  }
}
