/// Exchanges cores until no exchange saves hops, or a bound of work is reached.
struct PlacementSearch {
  /// Pairs of cores that a search looks at, at most.
  private static let pairsMax = 20_000_000

  private(set) var tiles: [Int]
  private let placement: Placement
  private let movable: [Int]
  private var free: [Int]
  /// By core: its links from each tile, all others where they lie.
  private var costs: [AxisCosts]
  /// Messages between the core at hand and each other one.
  private var messages: [Double]
  private let column: [Int]
  private let row: [Int]

  init(_ placement: Placement, tiles: [Int]) {
    self.placement = placement
    self.tiles = tiles
    movable = tiles.indices.filter { placement.pinned[$0] == nil }
    var free = [Int](
      repeating: placement.coresPerTile, count: placement.columns * placement.rows)
    for tile in tiles { free[tile] -= 1 }
    self.free = free
    let traffic = placement.traffic
    costs = tiles.indices.map { core in
      var costs = AxisCosts(columns: placement.columns, rows: placement.rows)
      costs.add(traffic.fromPort[core], tile: 0)
      for link in traffic.neighbours[core] { costs.add(link.messages, tile: tiles[link.core]) }
      return costs
    }
    messages = [Double](repeating: 0, count: tiles.count)
    column = free.indices.map { $0 % placement.columns }
    row = free.indices.map { $0 / placement.columns }
  }

  mutating func improve() {
    let count = movable.count
    guard count > 0 else { return }
    let total = placement.traffic.hops(tiles: tiles, columns: placement.columns)
    // Below this a gain may be a rounding of sums.
    let least = total * 1e-9
    let passes = max(2, min(50, Self.pairsMax / (count * (count + free.count))))
    for _ in 0..<passes {
      var hasGained = false
      for core in movable where improve(core, least: least) { hasGained = true }
      if !hasGained { return }
    }
  }

  /// Makes the best exchange of one core, if it saves more than `least` hops.
  private mutating func improve(_ core: Int, least: Double) -> Bool {
    let here = tiles[core]
    let links = placement.traffic.neighbours[core]
    for link in links { messages[link.core] = link.messages }
    defer { for link in links { messages[link.core] = 0 } }
    let stay = costs[core][here]
    var best = -least
    var partner: Int?
    var target: Int?
    for other in movable where tiles[other] != here {
      let there = tiles[other]
      // After an exchange the two still have their own messages between them.
      let between = messages[other] * Double(distance(here, there))
      let change =
        costs[core][there] - stay + costs[other][here] - costs[other][there] + 2 * between
      if change < best { (best, partner, target) = (change, other, nil) }
    }
    for tile in free.indices where free[tile] > 0 && tile != here {
      let change = costs[core][tile] - stay
      if change < best { (best, partner, target) = (change, nil, tile) }
    }
    if let partner {
      let there = tiles[partner]
      move(core, to: there)
      move(partner, to: here)
      return true
    }
    if let target {
      move(core, to: target)
      return true
    }
    return false
  }

  private mutating func move(_ core: Int, to tile: Int) {
    let from = tiles[core]
    for link in placement.traffic.neighbours[core] {
      costs[link.core].add(-link.messages, tile: from)
      costs[link.core].add(link.messages, tile: tile)
    }
    free[from] += 1
    free[tile] -= 1
    tiles[core] = tile
  }

  @inline(__always)
  private func distance(_ one: Int, _ other: Int) -> Int {
    abs(column[one] - column[other]) + abs(row[one] - row[other])
  }
}
