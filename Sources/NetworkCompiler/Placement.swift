import CompiledModel

/// Finds tiles for cores, so that messages pass few links.
///
/// Tiles are numbered row by row; pinned cores stay where they are. From the rows, from a snake
/// through them and from a greedy order, pairs of cores change places and cores move to free slots
/// as long as that saves hops, within a bound of work; the best of the three is taken. So no
/// placement is worse than row by row, and the same cores always get the same one. Of a large mesh
/// only the tiles near the port and near pinned cores are looked at.
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
  var rowMajor: [Int] {
    var used: [Int: Int] = [:]
    for tile in pinned { if let tile { used[tile, default: 0] += 1 } }
    var next = 0
    return pinned.map { tile in
      if let tile { return tile }
      while used[next, default: 0] >= coresPerTile { next += 1 }
      used[next, default: 0] += 1
      return next
    }
  }

  /// The best tiles that the search finds.
  func leastTraffic() -> [Int] {
    guard pinned.contains(nil) else { return rowMajor }
    let window = MeshWindow(of: self)
    let inside = pinned.map { $0.map { window.place(ofTile: $0, columns: columns) } }
    let starts = [
      inOrder(Array(0..<window.count), inside), inOrder(window.snake, inside),
      greedy(window, inside),
    ]
    var best = rowMajor
    var fewest = traffic.hops(tiles: best, columns: columns)
    for start in starts {
      var search = PlacementSearch(self, window: window, places: start)
      search.improve()
      let tiles = search.places.map { window.tile(at: $0, columns: columns) }
      let hops = traffic.hops(tiles: tiles, columns: columns)
      if hops < fewest { (best, fewest) = (tiles, hops) }
    }
    return best
  }

  /// Slots at each place that pinned cores leave.
  private func freeSlots(_ count: Int, _ pinned: [Int?]) -> [Int] {
    var free = [Int](repeating: coresPerTile, count: count)
    for place in pinned { if let place { free[place] -= 1 } }
    return free
  }

  private func inOrder(_ order: [Int], _ pinned: [Int?]) -> [Int] {
    var free = freeSlots(order.count, pinned)
    var next = 0
    return pinned.map { place in
      if let place { return place }
      while free[order[next]] <= 0 { next += 1 }
      free[order[next]] -= 1
      return order[next]
    }
  }

  /// The core with most messages from and to those that lie, where they pass the fewest links.
  private func greedy(_ window: MeshWindow, _ pinned: [Int?]) -> [Int] {
    var free = freeSlots(window.count, pinned)
    var places = pinned.map { $0 ?? -1 }
    var pull = traffic.fromPort
    for (core, place) in pinned.enumerated() where place != nil {
      for link in traffic.neighbours[core] { pull[link.core] += link.messages }
    }
    var isPlaced = pinned.map { $0 != nil }
    for _ in isPlaced.indices where isPlaced.contains(false) {
      var next = -1
      for core in places.indices where !isPlaced[core] {
        if next < 0 || pull[core] > pull[next] { next = core }
      }
      var costs = AxisCosts(window)
      costs.add(traffic.fromPort[next], place: 0)
      for link in traffic.neighbours[next] where isPlaced[link.core] {
        costs.add(link.messages, place: places[link.core])
      }
      var best = -1
      for place in free.indices where free[place] > 0 {
        if best < 0 || costs[place] < costs[best] { best = place }
      }
      places[next] = best
      free[best] -= 1
      isPlaced[next] = true
      for link in traffic.neighbours[next] { pull[link.core] += link.messages }
    }
    return places
  }
}
