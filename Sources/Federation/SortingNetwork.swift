/// Comparators that sort any column of a matrix, rows compared in pairs.
///
/// Batcher's merge exchange for any number of rows (Knuth, The Art of Computer Programming 3,
/// 5.2.2, algorithm M), less what the ranks that are asked for do not depend on.
struct SortingNetwork: Sendable, Equatable {
  /// Pairs of rows, the one that takes the smaller value first.
  let comparators: [UInt16]

  /// A network after which the rows in `ranks` hold what a sort would put there.
  init(rows: Int, ranks: ClosedRange<Int>) {
    precondition((1...65_535).contains(rows), "\(rows) rows")
    precondition(ranks.lowerBound >= 0 && ranks.upperBound < rows, "ranks \(ranks) of \(rows)")
    var wanted = [Bool](repeating: false, count: rows)
    for rank in ranks { wanted[rank] = true }
    var kept: [UInt16] = []
    for (low, high) in Self.all(rows).reversed() where wanted[low] || wanted[high] {
      wanted[low] = true
      wanted[high] = true
      kept += [UInt16(high), UInt16(low)]
    }
    comparators = kept.reversed()
  }

  private static func all(_ rows: Int) -> [(low: Int, high: Int)] {
    guard rows > 1 else { return [] }
    var pairs: [(Int, Int)] = []
    var top = 1
    while top * 2 < rows { top *= 2 }
    var half = top
    while half > 0 {
      var (reach, distance, residue) = (top, half, 0)
      while true {
        for row in 0..<max(0, rows - distance) where row & half == residue {
          pairs.append((row, row + distance))
        }
        guard reach != half else { break }
        distance = reach - half
        reach /= 2
        residue = half
      }
      half /= 2
    }
    return pairs
  }
}
