/// A sealed set of updates in memory, in the order of their nodes' names whoever came first.
package struct UpdateSet: UpdateSource, Sendable {
  /// One node's update as it was accepted.
  package struct Entry: Sendable {
    /// The node's name.
    package var node: String
    /// What a rule knows of it.
    package var facts: UpdateFacts
    /// Its elements, layer by layer.
    package var layers: [LayerDelta.Values]

    /// An accepted update.
    package init(node: String, facts: UpdateFacts, layers: [LayerDelta.Values]) {
      self.node = node
      self.facts = facts
      self.layers = layers
    }

    /// An update that was read and found sound, with what the round knows besides.
    package init(
      node: String, update: ModelUpdate, lossBefore: Double? = nil, staleness: UInt32 = 0
    ) {
      self.init(
        node: node,
        facts: UpdateFacts(
          samples: update.samples, lossBefore: lossBefore, staleness: staleness),
        layers: update.layers.map(\.values))
    }
  }

  /// The updates in node order: names are compared byte by byte.
  package let entries: [Entry]
  /// Elements of each layer.
  package let elementCounts: [Int]

  /// Facts of each update, in node order.
  package var facts: [UpdateFacts] { entries.map(\.facts) }

  /// A set in node order; all updates must have layers of these element counts.
  package init(_ arrived: [Entry], elementCounts: [Int]) throws(AggregationError) {
    // Strings compare by Unicode's canonical order; bytes are the same on every machine.
    let entries = arrived.sorted { $0.node.utf8.lexicographicallyPrecedes($1.node.utf8) }
    self.elementCounts = elementCounts
    for (update, entry) in entries.enumerated() {
      if update > 0, entries[update - 1].node == entry.node { throw .duplicate(node: entry.node) }
      guard entry.layers.count == elementCounts.count else {
        throw .layerCount(
          update: update, found: entry.layers.count, expected: elementCounts.count)
      }
      for (layer, values) in entry.layers.enumerated() where values.count != elementCounts[layer] {
        throw .elementCount(
          update: update, layer: layer, found: values.count, expected: elementCounts[layer])
      }
    }
    self.entries = entries.map { entry in
      Entry(node: entry.node, facts: entry.facts, layers: entry.layers.map(\.uncompressed))
    }
  }

  /// Shows elements of a layer of an update while `body` runs.
  package func withElements(
    of update: Int, layer: Int, range: Range<Int>, _ body: (DeltaElements) -> Void
  ) throws(AggregationError) {
    switch entries[update].layers[layer] {
    case .int16(let values): Self.show(values, range) { body(.int16($0)) }
    case .int32(let values): Self.show(values, range) { body(.int32($0)) }
    case .float32(let values): Self.show(values, range) { body(.float32($0)) }
    case .int8, .sparse, .sign: preconditionFailure("a set holds each element by itself")
    }
  }

  private static func show<Value>(
    _ values: [Value], _ range: Range<Int>, _ body: (UnsafeRawPointer) -> Void
  ) {
    values[range].withUnsafeBytes { bytes in
      if let address = bytes.baseAddress { body(address) }
    }
  }
}

extension LayerDelta.Values {
  /// The same elements, each by itself; those that are not carried are zero.
  var uncompressed: LayerDelta.Values {
    switch self {
    case .int16, .int32, .float32: return self
    case .int8, .sparse, .sign:
      do {
        return .exact(try LayerDelta(layer: 0, exponent: 0, values: self).integerDeltas())
      } catch {
        preconditionFailure("whole elements without a fraction: \(error)")
      }
    }
  }
}
