import CompiledModel
import Federation

/// The learned blocks of a layer that belong to its neurons, and what they are as prototypes.
struct PrototypeParts {
  /// Weights of each connection into the layer, with their inputs.
  private var weights: [(place: Int, inputs: Int)] = []
  private var thresholds: Int?
  private var assignment: Int?
  private let neurons: Int
  /// The range of all weights.
  private(set) var weightBounds: ClosedRange<Int16> = 0...0

  /// The parts of a layer of dense connections among a model's learned blocks.
  init(_ layer: MergePlan.Layer, _ blocks: [LearnedBlock]) {
    neurons = layer.size
    for place in layer.blocks {
      switch blocks[place].kind {
      case .weights:
        let bounds = blocks[place].bounds
        weightBounds =
          weights.isEmpty
          ? bounds
          : min(
            weightBounds.lowerBound, bounds.lowerBound)...max(
              weightBounds.upperBound, bounds.upperBound)
        weights.append((place, blocks[place].count / neurons))
      case .thresholds: thresholds = place
      case .assignment: assignment = place
      case .feedback, .plasticity, .reward: break
      }
    }
  }

  /// Places of the blocks whose values move with the neurons.
  var places: [Int] { weights.map(\.place) + [thresholds, assignment].compactMap(\.self) }

  /// The layer with these learned values; inputs of all connections stand one after the other.
  func layer(_ values: [[Int16]]) -> PrototypeLayer {
    PrototypeLayer(
      inputs: weights.reduce(0) { $0 + $1.inputs }, neurons: neurons,
      weights: weights.flatMap { values[$0.place] },
      thresholds: thresholds.map { values[$0] } ?? [],
      histogram: assignment.map { values[$0] } ?? [])
  }

  /// Puts a layer's values where they came from.
  func take(_ layer: PrototypeLayer, into values: inout [[Int16]]) {
    var first = 0
    for (place, inputs) in weights {
      values[place] = Array(layer.weights[first..<first + inputs * neurons])
      first += inputs * neurons
    }
    if let thresholds { values[thresholds] = layer.thresholds }
    if let assignment { values[assignment] = layer.histogram }
  }
}

extension LearnedBlock {
  /// Values with steps added, within the bounds.
  func adding(_ steps: [Int32], to values: [Int16]) -> [Int16] {
    zip(values, steps).map { value, step in
      let (sum, overflow) = Int32(value).addingReportingOverflow(step)
      let bound = step < 0 ? bounds.lowerBound : bounds.upperBound
      return overflow
        ? bound : Int16(min(max(sum, Int32(bounds.lowerBound)), Int32(bounds.upperBound)))
    }
  }
}
