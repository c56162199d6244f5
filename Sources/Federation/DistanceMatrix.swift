/// Squared distances between the updates of a set, each pair once.
package struct DistanceMatrix: Sendable, Equatable {
  /// Updates.
  package let count: Int
  /// Row-major `[i][j]`, only i < j are used.
  var squares: [Double]

  /// All distances 0.
  init(count: Int) {
    self.count = count
    squares = [Double](repeating: 0, count: count * count)
  }

  /// Distances as a function gives them, for i < j.
  package init(count: Int, _ squared: (Int, Int) -> Double) {
    self.init(count: count)
    for i in 0..<count {
      for j in i + 1..<max(i + 1, count) { squares[i * count + j] = squared(i, j) }
    }
  }

  /// The squared distance of two updates.
  package subscript(_ i: Int, _ j: Int) -> Double {
    i == j ? 0 : squares[min(i, j) * count + max(i, j)]
  }
}
