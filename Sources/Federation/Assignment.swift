/// Pairs rows with columns at the least total cost: the Hungarian method in whole numbers.
///
/// Kuhn 1955, Munkres 1957, as shortest augmenting paths with potentials: O(n^3), exact, and of
/// equal costs the lowest column is tried first, so that the same costs give the same pairs.
package enum Assignment {
  /// The column of each row; `costs` is row-major, `count` by `count`, each below 2^40 either way.
  package static func columns(costs: [Int64], count: Int) -> [Int] {
    precondition(costs.count == count * count, "\(costs.count) costs of \(count) rows")
    // Column 0 stands for "not paired yet"; rows and columns count from 1.
    var rowPotential = [Int64](repeating: 0, count: count + 1)
    var columnPotential = rowPotential
    var rowOf = [Int](repeating: 0, count: count + 1)
    for row in 0..<count {
      rowOf[0] = row + 1
      let (end, previous) = path(
        costs, count, rowOf, &rowPotential, &columnPotential)
      var column = end
      while column != 0 {
        rowOf[column] = rowOf[previous[column]]
        column = previous[column]
      }
    }
    var columns = [Int](repeating: 0, count: count)
    for column in 1..<count + 1 { columns[rowOf[column] - 1] = column - 1 }
    return columns
  }

  /// The cheapest path from the row at column 0 to a column that has none.
  private static func path(
    _ costs: [Int64], _ count: Int, _ rowOf: [Int], _ rowPotential: inout [Int64],
    _ columnPotential: inout [Int64]
  ) -> (end: Int, previous: [Int]) {
    var least = [Int64](repeating: .max, count: count + 1)
    var previous = [Int](repeating: 0, count: count + 1)
    var isVisited = [Bool](repeating: false, count: count + 1)
    var column = 0
    while true {
      isVisited[column] = true
      let row = rowOf[column]
      guard row != 0 else { return (column, previous) }
      var (step, next) = (Int64.max, 0)
      for other in 1..<count + 1 where !isVisited[other] {
        let cost =
          costs[(row - 1) * count + other - 1] - rowPotential[row] - columnPotential[other]
        if cost < least[other] {
          least[other] = cost
          previous[other] = column
        }
        if least[other] < step { (step, next) = (least[other], other) }
      }
      for other in 0..<count + 1 {
        if isVisited[other] {
          rowPotential[rowOf[other]] += step
          columnPotential[other] -= step
        } else if least[other] != .max {
          least[other] -= step
        }
      }
      column = next
    }
  }
}
