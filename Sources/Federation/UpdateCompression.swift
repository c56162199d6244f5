/// How an update is made smaller before it travels.
package enum UpdateCompression: Sendable, Equatable {
  /// Every element, 16 bits where all of a layer fit, else 32: nothing is lost.
  case dense
  /// One byte an element: q = floor((x + r) / s) for a whole scale s and r uniform in 0 ..< s.
  ///
  /// s is the largest element over 127, rounded up, by layer. The mean of q * s is exactly x, and
  /// as all of it is whole numbers, what is left over is too. Up to 127 steps nothing is lost.
  case int8
  /// The largest elements of each layer, `perMille` of a thousand, 1 to 1,000, rounded up.
  ///
  /// By layer, as a step weighs by the layer's exponent and a layer that sends nothing would not
  /// learn. Of equal elements the first ones go; zeros never do. The carried elements are exact,
  /// or one byte each as in `int8`.
  case topK(perMille: UInt16, bytes: Bool)
  /// One bit an element: its sign, times the mean size of the layer's elements in whole steps.
  ///
  /// Zero counts as up. Biased, so it learns only with the residual fed back
  /// (Karimireddy et al. 2019).
  case sign
}

extension ModelUpdate {
  /// What to send of an update, and what stays behind for the next one.
  ///
  /// Exactly, in whole steps: residual + this update = sent + what stays, where fractions from a
  /// desk are rounded half to even first. The part of an element
  /// past `deltaMax` steps either way stays behind too, so that what is sent passes the round's
  /// check of single weights. The same residual and seed give the same bytes.
  ///
  /// - Parameters:
  ///   - residual: what stayed behind so far; nil for nothing.
  ///   - seed: for `int8`'s rounding, another one for each node and round.
  ///   - deltaMax: as in the round's bounds, 1 to 65,535.
  /// - Throws: `shape` where the residual is of another model, `residual-range` past 32 bits.
  package func compressed(
    _ compression: UpdateCompression, residual: UpdateResidual? = nil, seed: UInt64,
    deltaMax: Int32 = FederatedAverage.deltaMax
  ) throws(UpdateError) -> (sent: ModelUpdate, residual: UpdateResidual) {
    precondition((1...FederatedAverage.deltaMax).contains(deltaMax), "deltaMax \(deltaMax)")
    let shape = layers.map {
      LayerShape(layer: $0.layer, count: $0.values.count, exponent: $0.exponent)
    }
    let wanted = try (residual ?? UpdateResidual(shape: shape)).adding(to: layers)
    var sent = self
    var left: [(layer: LayerDelta, values: [Int64])] = []
    for (index, wanted) in wanted.enumerated() {
      let limit = Int64(compression.limit(deltaMax))
      let deltas = wanted.map { Int32(min(max($0, -limit), limit)) }
      sent.layers[index].values = compression.values(
        deltas, draws: CounterDraws(seed: seed, layer: layers[index].layer))
      let carried = try sent.layers[index].integerDeltas()
      left.append((layers[index], zip(wanted, carried).map { $0 - Int64($1) }))
    }
    return (sent, try UpdateResidual(left))
  }
}

extension UpdateCompression {
  /// The largest element that can be carried within `deltaMax`: for bytes a multiple of 127.
  fileprivate func limit(_ deltaMax: Int32) -> Int32 {
    switch self {
    case .dense, .sign, .topK(_, bytes: false): deltaMax
    case .int8, .topK(_, bytes: true): deltaMax < 127 ? deltaMax : deltaMax / 127 * 127
    }
  }

  fileprivate func values(_ deltas: [Int32], draws: CounterDraws) -> LayerDelta.Values {
    switch self {
    case .dense: return .exact(deltas)
    case .int8: return Self.bytes(deltas, at: Array(deltas.indices), draws)
    case .topK(let perMille, let isBytes):
      let kept = Self.largest(deltas, perMille: perMille)
      return .sparse(
        SparseElements(
          count: deltas.count, indices: kept.map { UInt32($0) },
          values: isBytes
            ? Self.bytes(deltas, at: kept, draws) : .exact(kept.map { deltas[$0] })))
    case .sign:
      let total = deltas.reduce(0) { $0 + Int64($1.magnitude) }
      let mean = FederatedAverage.roundedQuotient(total, Int64(max(deltas.count, 1)))
      // No element is past 65,535, so neither is their mean.
      return .sign(scale: UInt16(mean), deltas.map { $0 < 0 })
    }
  }

  /// The elements at some indices as bytes and a scale, rounded up or down by chance.
  private static func bytes(
    _ deltas: [Int32], at indices: [Int], _ draws: CounterDraws
  ) -> LayerDelta.Values {
    let largest = indices.reduce(0) { max($0, Int32(deltas[$1].magnitude)) }
    let scale = max(1, (largest + 126) / 127)
    let values = indices.map { index in
      let raised = deltas[index] + Int32(draws.below(UInt64(scale), index))
      return Int8((raised - (raised % scale + scale) % scale) / scale)
    }
    return .int8(scale: UInt16(scale), values)
  }

  /// Indices of the largest elements, rising; found by counting, as no element is past 65,535.
  private static func largest(_ deltas: [Int32], perMille: UInt16) -> [Int] {
    precondition((1...1_000).contains(perMille), "\(perMille) of a thousand")
    var free = (deltas.count * Int(perMille) + 999) / 1_000
    var counts = [Int](repeating: 0, count: Int(FederatedAverage.deltaMax) + 1)
    for delta in deltas { counts[Int(delta.magnitude)] += 1 }
    var least = counts.count - 1
    while least > 1, counts[least] < free {
      free -= counts[least]
      least -= 1
    }
    // All above `least`, and the first `free` of those that equal it.
    return deltas.indices.filter { index in
      let size = Int(deltas[index].magnitude)
      guard size == least else { return size > least }
      free -= 1
      return free >= 0
    }
  }
}
