/// Puts the neurons of all nodes side by side and keeps as many as the layer has room for.
///
/// What is dropped first is most like a neuron that is kept and was used no less, then what was
/// least used (after FedUnion, which keeps each neuron as a prototype of its own).
package enum PrototypeUnion {
  /// Where a kept neuron comes from.
  package struct Origin: Sendable, Equatable {
    /// Place of the update in node order.
    package let update: Int
    /// The neuron in that node's layer.
    package let neuron: Int
  }

  /// A merged layer and where each of its neurons comes from.
  package struct Result: Sendable, Equatable {
    /// As many neurons as each node has.
    package let layer: PrototypeLayer
    /// One for each neuron.
    package let origins: [Origin]
  }

  /// The best neurons of all layers, which have one shape and are in node order.
  ///
  /// A neuron keeps its place unless a neuron that was used more has it, so that a layer of which
  /// nothing changed stays as it is.
  ///
  /// - Parameter similarityMax: cosine of two receptive fields, 0 to 1, from which on they count
  ///   as one.
  package static func merge(
    _ layers: [PrototypeLayer], similarityMax: Double = 0.95
  ) throws(AggregationError) -> Result {
    guard let first = layers.first else { throw .noUpdates }
    guard (0...1).contains(similarityMax) else {
      throw .parameter(name: "similarityMax", found: "\(similarityMax)", expected: "0 to 1")
    }
    precondition(
      layers.allSatisfy { $0.inputs == first.inputs && $0.neurons == first.neurons },
      "layers of several shapes")
    let candidates = ranked(layers)
    let fields = ReceptiveFields(layers)
    let limit = Int64((similarityMax * Double(ReceptiveFields.one)).rounded(.up))
    let number = { (origin: Origin) in origin.update * first.neurons + origin.neuron }
    var kept: [Origin] = []
    var redundant: [Origin] = []
    for candidate in candidates where kept.count < first.neurons {
      let isLike = kept.contains { fields.cosine(number($0), number(candidate)) >= limit }
      if isLike { redundant.append(candidate) } else { kept.append(candidate) }
    }
    kept += redundant.prefix(first.neurons - kept.count)
    let origins = placed(kept, neurons: first.neurons)
    return Result(
      layer: PrototypeLayer(taking: origins.map { (layers[$0.update], $0.neuron) }),
      origins: origins)
  }

  /// The most used first; of equals the first in node order, then the lowest neuron.
  private static func ranked(_ layers: [PrototypeLayer]) -> [Origin] {
    let all = layers.enumerated().flatMap { update, layer in
      (0..<layer.neurons).map { (layer.usage(of: $0), Origin(update: update, neuron: $0)) }
    }
    return all.sorted { a, b in
      (-a.0, a.1.update, a.1.neuron) < (-b.0, b.1.update, b.1.neuron)
    }.map(\.1)
  }

  private static func placed(_ kept: [Origin], neurons: Int) -> [Origin] {
    var places = [Origin?](repeating: nil, count: neurons)
    var homeless: [Origin] = []
    for origin in kept {
      if places[origin.neuron] == nil {
        places[origin.neuron] = origin
      } else {
        homeless.append(origin)
      }
    }
    homeless.reverse()
    return places.compactMap { $0 ?? homeless.popLast() }
  }
}
