import Federation

/// A random model and random updates of it, as the rules and as the oracle take them.
struct AggregationFixture {
  var base: [BaseLayer]
  var entries: [UpdateSet.Entry]
  var controls: [UpdateSet.Entry]

  /// Layers of 0 to 1,500 elements and of all encodings; the first is longer than a block.
  init(updates: Int, seed: UInt64, spread: Int32 = 6_000) {
    var random = SplitMix(state: seed)
    let shape = [1_100 + Int(seed % 400), 0, 1, 37]
    base = shape.enumerated().map { layer, count in
      BaseLayer(
        weights: (0..<count).map { _ in Int16.random(in: -15_000...15_000, using: &random) },
        bounds: -32_640...32_639, stepExponent: [-12, 0, -9, -10][layer])
    }
    let common = shape.map { count in
      (0..<count).map { _ in Int32.random(in: -spread...spread, using: &random) }
    }
    entries = (0..<updates).map { update in
      let layers = common.enumerated().map { layer, center -> LayerDelta.Values in
        let deltas = center.map { $0 + Int32.random(in: -spread...spread, using: &random) }
        switch (layer + update) % 3 {
        case 0: return .int32(deltas)
        case 1: return .int16(deltas.map { Int16(clamping: $0) })
        default:
          return .float32(deltas.map { Float($0) + Float.random(in: -0.5...0.5, using: &random) })
        }
      }
      return UpdateSet.Entry(
        node: "node-\(update)",
        facts: UpdateFacts(
          samples: UInt32.random(in: 1...5_000, using: &random),
          lossBefore: Double.random(in: 0.01...3, using: &random),
          staleness: UInt32.random(in: 0...6, using: &random)),
        layers: layers)
    }
    controls = entries.map { entry in
      var entry = entry
      entry.layers = shape.map { count in
        .float32((0..<count).map { _ in Float.random(in: -2e5...2e5, using: &random) })
      }
      return entry
    }
  }

  var counts: [Int] { base.map(\.weights.count) }

  func updates() throws -> UpdateSet { try UpdateSet(entries, elementCounts: counts) }

  func controlChanges() throws -> UpdateSet { try UpdateSet(controls, elementCounts: counts) }

  /// What a step of each element is worth.
  var worth: [Double] {
    base.flatMap { layer in
      let step = Double(sign: .plus, exponent: layer.stepExponent, significand: 1)
      return layer.weights.map { _ in step }
    }
  }

  /// The updates in node order, in units of weight.
  func oracle() -> [AggregationOracle.Update] {
    let order = entries.indices.sorted { entries[$0].node < entries[$1].node }
    return order.map { place in
      let entry = entries[place]
      return AggregationOracle.Update(
        samples: Double(entry.facts.samples), loss: entry.facts.lossBefore ?? 0,
        staleness: Int(entry.facts.staleness), delta: weighed(entry.layers),
        control: weighed(controls[place].layers))
    }
  }

  private func weighed(_ layers: [LayerDelta.Values]) -> [Double] {
    let flat = layers.flatMap { values in
      switch values {
      case .int16(let values): values.map { Double($0) }
      case .int32(let values): values.map { Double($0) }
      case .float32(let values): values.map { Double($0) }
      case .int8, .sparse, .sign: preconditionFailure("no fixture is compressed")
      }
    }
    return zip(flat, worth).map { $0 * $1 }
  }

  /// How far, in steps, weights are from base plus `change`; 0.5 is what rounding takes.
  func furthest(_ weights: [[Int16]], from change: [Double]) -> Double {
    let base = base.flatMap { layer in layer.weights.map { Double($0) } }
    let wanted = zip(zip(base, change), worth).map { pair, worth in
      min(max(pair.0 + pair.1 / worth, -32_640), 32_639)
    }
    return zip(weights.flatMap { $0 }, wanted).map { abs(Double($0) - $1) }.max() ?? 0
  }
}
