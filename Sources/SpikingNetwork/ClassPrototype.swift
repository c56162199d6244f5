/// Weights that a new class begins with: along what its examples have in common.
package enum ClassPrototype {
  /// A weight for each source, along the mean spikes of examples less their mean over the sources,
  /// as long as the weights of the other neurons, one list each, are on average; 0 where no source
  /// stands out.
  package static func weights(
    along means: [Float], asLongAs others: some Collection<[Float]>
  ) -> [Float] {
    let average = means.reduce(0, +) / Float(max(1, means.count))
    let centred = means.map { $0 - average }
    let length = norm(centred)
    guard length > 0 else { return centred }
    let wanted = others.reduce(0) { $0 + norm($1) } / Float(max(1, others.count))
    return centred.map { $0 * wanted / length }
  }

  private static func norm(_ values: [Float]) -> Float {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}
