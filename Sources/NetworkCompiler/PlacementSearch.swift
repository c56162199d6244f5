/// Exchanges cores until no exchange saves hops, or a bound of work is reached.
struct PlacementSearch {
  /// Pairs of cores that a search looks at, at most.
  private static let pairsMax = 20_000_000

  /// Where each core lies in the window.
  private(set) var places: [Int]
  private let placement: Placement
  private let movable: [Int]
  private var free: [Int]
  /// By core: its links from each place, all others where they lie.
  private var costs: [AxisCosts]
  /// Messages between the core at hand and each other one.
  private var messages: [Double]
  private let column: [Int]
  private let row: [Int]

  init(_ placement: Placement, window: MeshWindow, places: [Int]) {
    self.placement = placement
    self.places = places
    movable = places.indices.filter { placement.pinned[$0] == nil }
    var free = [Int](repeating: placement.coresPerTile, count: window.count)
    for place in places { free[place] -= 1 }
    self.free = free
    let traffic = placement.traffic
    costs = places.indices.map { core in
      var costs = AxisCosts(window)
      costs.add(traffic.fromPort[core], place: 0)
      for link in traffic.neighbours[core] { costs.add(link.messages, place: places[link.core]) }
      return costs
    }
    messages = [Double](repeating: 0, count: places.count)
    let width = window.columns.count
    column = free.indices.map { window.columns[$0 % width] }
    row = free.indices.map { window.rows[$0 / width] }
  }

  mutating func improve() {
    let count = movable.count
    guard count > 0 else { return }
    let total = hops
    // Below this a gain may be a rounding of sums.
    let least = total * 1e-9
    let passes = max(2, min(50, Self.pairsMax / (count * (count + free.count))))
    for _ in 0..<passes {
      var hasGained = false
      for core in movable where improve(core, least: least) { hasGained = true }
      if !hasGained { return }
    }
  }

  private var hops: Double {
    let tiles = places.map { row[$0] * placement.columns + column[$0] }
    return placement.traffic.hops(tiles: tiles, columns: placement.columns)
  }

  /// Makes the best exchange of one core, if it saves more than `least` hops.
  private mutating func improve(_ core: Int, least: Double) -> Bool {
    let here = places[core]
    let links = placement.traffic.neighbours[core]
    for link in links { messages[link.core] = link.messages }
    defer { for link in links { messages[link.core] = 0 } }
    let stay = costs[core][here]
    var best = -least
    var partner: Int?
    var target: Int?
    for other in movable where places[other] != here {
      let there = places[other]
      // After an exchange the two still have their own messages between them.
      let between = messages[other] * Double(distance(here, there))
      let change =
        costs[core][there] - stay + costs[other][here] - costs[other][there] + 2 * between
      if change < best { (best, partner, target) = (change, other, nil) }
    }
    for place in free.indices where free[place] > 0 && place != here {
      let change = costs[core][place] - stay
      if change < best { (best, partner, target) = (change, nil, place) }
    }
    if let partner {
      let there = places[partner]
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

  private mutating func move(_ core: Int, to place: Int) {
    let from = places[core]
    for link in placement.traffic.neighbours[core] {
      costs[link.core].add(-link.messages, place: from)
      costs[link.core].add(link.messages, place: place)
    }
    free[from] += 1
    free[place] -= 1
    places[core] = place
  }

  @inline(__always)
  private func distance(_ one: Int, _ other: Int) -> Int {
    abs(column[one] - column[other]) + abs(row[one] - row[other])
  }
}
