/// Two models that differ in more than what is learnt.
package struct StructureMismatch: Error, Sendable, Equatable, CustomStringConvertible {
  /// Where they differ, each as `field: found, expected`, the first few of them.
  package let differences: [String]

  /// Differences that are named at most.
  static let namedMax = 8

  package var description: String {
    "the models differ in more than what is learnt: " + differences.joined(separator: "; ")
      + "; only models of one structure can be compared, such as a model and its successors"
  }
}

extension CompiledModel {
  /// Where another model differs from this one in what its structure digest covers, at least one.
  func structuralDifferences(from other: CompiledModel) -> [String] {
    var found: [String] = []
    func note<Value: Equatable>(_ field: String, _ here: Value, _ there: Value) {
      if here != there { found.append("\(field): \(here) and \(there)") }
    }
    func mark<Value: Equatable>(_ field: String, _ here: Value, _ there: Value) {
      if here != there { found.append("\(field) differ") }
    }
    note("name", name, other.name)
    note("chip", chip, other.chip)
    note("inputs", inputs, other.inputs)
    note("steps", steps, other.steps)
    note("step in seconds", timeStep, other.timeStep)
    mark("input encoders", input, other.input)
    mark("widths of the chip's state", arithmetic, other.arithmetic)
    note("layers", layers.map(\.name), other.layers.map(\.name))
    if layers.count == other.layers.count {
      for (here, there) in zip(layers, other.layers) {
        found += here.unlearnt.differences(from: there.unlearnt)
      }
    }
    mark("placements on cores", cores, other.cores)
    mark("ports", port, other.port)
    note("price tables", prices.name, other.prices.name)
    if prices.name == other.prices.name { mark("prices", prices, other.prices) }
    mark("times of events", timing, other.timing)
    // The digest is over bytes: what it sees and this does not would be a gap in this list.
    if found.isEmpty { found.append("structure digest") }
    let more = found.count - StructureMismatch.namedMax
    return Array(found.prefix(StructureMismatch.namedMax)) + (more > 0 ? ["\(more) more"] : [])
  }
}

extension CompiledLayer {
  /// The layer with nothing learnt, so that two of them are equal where their structures are.
  fileprivate var unlearnt: CompiledLayer {
    var layer = self
    if case .spiking(var program) = neurons {
      program.homeostasis?.rises = []
      layer.neurons = .spiking(program)
    }
    layer.assignment?.counts = []
    if feedbackWeights != nil { layer.signal?.feedback = .adaptive([]) }
    layer.plasticities = plasticities.map { _ in [] }
    layer.rewardMean?.mean = 0
    for index in connections.indices {
      if case .plastic(_, let program, let bounds) = connections[index].weights {
        layer.connections[index].weights = .plastic([], program, bounds: bounds)
      }
    }
    return layer
  }

  fileprivate func differences(from other: CompiledLayer) -> [String] {
    guard self != other else { return [] }
    var found: [String] = []
    let place = "layer `\(name)`"
    if size != other.size { found.append("\(place): \(size) and \(other.size) neurons") }
    if exponent != other.exponent {
      found.append("\(place): exponents \(exponent) and \(other.exponent)")
    }
    if neurons != other.neurons { found.append("\(place): parameters of neurons differ") }
    if units != other.units { found.append("\(place): units differ") }
    if phase != other.phase { found.append("\(place): phases \(phase) and \(other.phase)") }
    if connections.count != other.connections.count {
      found.append(
        "\(place): \(connections.count) and \(other.connections.count) connections")
    }
    for (number, pair) in zip(connections, other.connections).enumerated() where pair.0 != pair.1 {
      found.append("\(place): connection \(number): " + pair.0.difference(from: pair.1))
    }
    if found.isEmpty { found.append("\(place): rules differ") }
    return found
  }
}

extension CompiledConnection {
  fileprivate func difference(from other: CompiledConnection) -> String {
    if source != other.source || sourceSize != other.sourceSize { return "sources differ" }
    if layout != other.layout || pooling != other.pooling { return "who reaches whom differs" }
    if shift != other.shift { return "exponents differ by \(other.shift - shift)" }
    if plasticity != other.plasticity {
      return plasticity == nil || other.plasticity == nil
        ? "one learns and the other does not" : "rules of learning differ"
    }
    if precision != other.precision {
      return "\(precision.rawValue) and \(other.precision.rawValue) bits"
    }
    if delay != other.delay { return "delays \(delay) and \(other.delay)" }
    return plasticity == nil ? "fixed weights differ" : "ranges of weights differ"
  }
}
