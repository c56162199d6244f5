import Foundation

/// Every rule once more in float64, written from the papers, on flat vectors in units of weight.
struct AggregationOracle {
  struct Update {
    var samples: Double
    var loss: Double
    var staleness: Int
    var delta: [Double]
    var control: [Double] = []
  }

  var first: [Double] = []
  var second: [Double] = []
  var waiting = 0

  static func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  static func mean(_ updates: [Update], uniform: Bool = false) -> [Double] {
    let total = updates.reduce(0.0) { $0 + (uniform ? 1 : $1.samples) }
    return updates[0].delta.indices.map { index in
      updates.reduce(0.0) { $0 + (uniform ? 1 : $1.samples) * $1.delta[index] } / total
    }
  }

  static func clipped(_ updates: [Update], to limit: Double) -> [Double] {
    mean(
      updates.map { update in
        var update = update
        let length = norm(update.delta)
        if length > limit { update.delta = update.delta.map { $0 * limit / length } }
        return update
      })
  }

  static func fair(_ updates: [Update], q: Double, rate: Double) -> [Double] {
    let lipschitz = 1 / rate
    var numerator = [Double](repeating: 0, count: updates[0].delta.count)
    var denominator = 0.0
    for update in updates {
      let loss = update.loss + 1e-10
      // D_i = L (w - w_i) points against the delta.
      let gradient = update.delta.map { -lipschitz * $0 }
      for index in numerator.indices { numerator[index] += pow(loss, q) * gradient[index] }
      let square = gradient.reduce(0) { $0 + $1 * $1 }
      denominator += q * pow(loss, q - 1) * square + lipschitz * pow(loss, q)
    }
    return numerator.map { -$0 / denominator }
  }

  static func byCoordinate(_ updates: [Update], _ rule: ([Double]) -> Double) -> [Double] {
    updates[0].delta.indices.map { index in rule(updates.map { $0.delta[index] }.sorted()) }
  }

  static func median(_ sorted: [Double]) -> Double {
    sorted.count % 2 == 1
      ? sorted[sorted.count / 2]
      : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
  }

  static func trimmed(_ sorted: [Double], _ dropped: Int) -> Double {
    let kept = sorted.dropFirst(dropped).dropLast(dropped)
    return kept.reduce(0, +) / Double(kept.count)
  }

  static func scores(_ updates: [Update], _ byzantine: Int) -> [Double] {
    updates.indices.map { i in
      let squares = updates.indices.filter { $0 != i }.map { j in
        zip(updates[i].delta, updates[j].delta).reduce(0.0) {
          $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
        }
      }.sorted()
      return squares.prefix(min(max(1, updates.count - byzantine - 2), squares.count))
        .reduce(0, +)
    }
  }

  static func multiKrum(_ updates: [Update], _ byzantine: Int, kept: Int) -> [Double] {
    let scores = scores(updates, byzantine)
    let order = updates.indices.sorted { scores[$0] < scores[$1] }.prefix(kept)
    return mean(order.map { updates[$0] }, uniform: true)
  }

  static func bulyan(_ updates: [Update], _ byzantine: Int) -> [Double] {
    var pool = updates
    var chosen: [Update] = []
    while chosen.count < updates.count - 2 * byzantine {
      let scores = scores(pool, byzantine)
      let best = pool.indices.min { scores[$0] < scores[$1] } ?? 0
      chosen.append(pool.remove(at: best))
    }
    let kept = chosen.count - 2 * byzantine
    return byCoordinate(chosen) { sorted in
      let middle = median(sorted)
      return sorted.sorted { abs($0 - middle) < abs($1 - middle) }.prefix(kept).reduce(0, +)
        / Double(kept)
    }
  }

  mutating func momentum(_ delta: [Double], rate: Double, beta: Double) -> [Double] {
    if first.isEmpty {
      first = delta.map { -$0 }
    } else {
      for index in delta.indices { first[index] = beta * first[index] - delta[index] }
    }
    return first.map { -rate * $0 }
  }

  mutating func adaptive(
    _ delta: [Double], rate: Double, beta1: Double, tau: Double,
    _ square: (_ v: Double, _ d2: Double) -> Double
  ) -> [Double] {
    if first.isEmpty {
      first = delta.map { _ in 0 }
      second = delta.map { _ in tau * tau }
    }
    return delta.indices.map { index in
      let d = delta[index]
      first[index] = beta1 * first[index] + (1 - beta1) * d
      second[index] = square(second[index], d * d)
      return rate * first[index] / (sqrt(second[index]) + tau)
    }
  }

  mutating func control(_ updates: [Update], population: Int) {
    if first.isEmpty { first = updates[0].delta.map { _ in 0 } }
    for index in first.indices {
      first[index] += updates.reduce(0.0) { $0 + $1.control[index] } / Double(population)
    }
  }

  mutating func buffer(_ updates: [Update], limit: Int, size: Int, rate: Double) -> [Double] {
    if first.isEmpty { first = updates[0].delta.map { _ in 0 } }
    for update in updates where update.staleness <= limit {
      waiting += 1
      for index in first.indices {
        first[index] += update.delta[index] / sqrt(1 + Double(update.staleness))
      }
    }
    guard waiting >= size else { return first.map { _ in 0 } }
    defer {
      first = first.map { _ in 0 }
      waiting = 0
    }
    return first.map { rate / Double(waiting) * $0 }
  }
}
