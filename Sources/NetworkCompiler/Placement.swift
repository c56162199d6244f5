import CompiledModel

/// Finds tiles for cores, so that messages pass few links.
///
/// Tiles are numbered row by row; pinned cores stay where they are. From the rows, from a snake
/// through them and from a greedy order, pairs of cores change places and cores move to free slots
/// as long as that saves hops, within a bound of work; the best of the three is taken. So no
/// placement is worse than row by row, and the same cores always get the same one.
struct Placement {
  let traffic: CoreTraffic
  let pinned: [Int?]
  let columns: Int
  let rows: Int
  let coresPerTile: Int

  init(traffic: CoreTraffic, pinned: [Int?], chip: Chip) {
    self.traffic = traffic
    self.pinned = pinned
    columns = chip.columns
    rows = chip.rows
    coresPerTile = chip.coresPerTile
  }

  /// Row by row, in the order of layers.
  var rowMajor: [Int] { inOrder(Array(0..<columns * rows)) }

  /// The best tiles that the search finds.
  func leastTraffic() -> [Int] {
    let starts = [rowMajor, inOrder(snake), greedy()]
    var best = rowMajor
    var fewest = traffic.hops(tiles: best, columns: columns)
    for start in starts {
      var search = PlacementSearch(self, tiles: start)
      search.improve()
      let hops = traffic.hops(tiles: search.tiles, columns: columns)
      if hops < fewest { (best, fewest) = (search.tiles, hops) }
    }
    return best
  }

  /// Slots of each tile that pinned cores leave.
  var freeSlots: [Int] {
    var free = [Int](repeating: coresPerTile, count: columns * rows)
    for tile in pinned { if let tile { free[tile] -= 1 } }
    return free
  }

  private var snake: [Int] {
    (0..<rows).flatMap { row in
      (0..<columns).map { row * columns + (row % 2 == 0 ? $0 : columns - 1 - $0) }
    }
  }

  private func inOrder(_ order: [Int]) -> [Int] {
    var free = freeSlots
    var next = 0
    return pinned.map { tile in
      if let tile { return tile }
      while free[order[next]] <= 0 { next += 1 }
      free[order[next]] -= 1
      return order[next]
    }
  }

  /// The core with most messages from and to those that lie, where they pass the fewest links.
  private func greedy() -> [Int] {
    var free = freeSlots
    var tiles = pinned.map { $0 ?? -1 }
    var pull = traffic.fromPort
    for (core, tile) in pinned.enumerated() where tile != nil {
      for link in traffic.neighbours[core] { pull[link.core] += link.messages }
    }
    var isPlaced = pinned.map { $0 != nil }
    for _ in isPlaced.indices where isPlaced.contains(false) {
      var next = -1
      for core in tiles.indices where !isPlaced[core] {
        if next < 0 || pull[core] > pull[next] { next = core }
      }
      var costs = AxisCosts(columns: columns, rows: rows)
      costs.add(traffic.fromPort[next], tile: 0)
      for link in traffic.neighbours[next] where isPlaced[link.core] {
        costs.add(link.messages, tile: tiles[link.core])
      }
      var best = -1
      for tile in free.indices where free[tile] > 0 {
        if best < 0 || costs[tile] < costs[best] { best = tile }
      }
      tiles[next] = best
      free[best] -= 1
      isPlaced[next] = true
      for link in traffic.neighbours[next] { pull[link.core] += link.messages }
    }
    return tiles
  }
}

/// Links that a core's messages would pass from each tile, as a sum of one part along the row and
/// one along the column.
struct AxisCosts {
  private let columns: Int
  private var along: [Double]
  private var across: [Double]

  init(columns: Int, rows: Int) {
    self.columns = columns
    along = [Double](repeating: 0, count: columns)
    across = [Double](repeating: 0, count: rows)
  }

  /// Takes in so many messages from or to a tile.
  @inline(__always)
  mutating func add(_ messages: Double, tile: Int) {
    let column = tile % columns
    let row = tile / columns
    for index in along.indices { along[index] += messages * Double(abs(index - column)) }
    for index in across.indices { across[index] += messages * Double(abs(index - row)) }
  }

  /// The links from a tile.
  @inline(__always)
  subscript(tile: Int) -> Double { along[tile % columns] + across[tile / columns] }
}
