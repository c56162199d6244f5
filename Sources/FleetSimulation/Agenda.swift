import FleetCore

/// Entries in the order of their instants; those of one instant in the order they were planned.
struct Agenda<Entry> {
  private struct Item {
    var at: Instant
    var order: UInt64
    var entry: Entry

    func precedes(_ other: Item) -> Bool {
      at == other.at ? order < other.order : at < other.at
    }
  }

  private var heap: [Item] = []
  private var planned: UInt64 = 0

  mutating func plan(_ entry: Entry, at: Instant) {
    planned += 1
    heap.append(Item(at: at, order: planned, entry: entry))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].precedes(heap[parent]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func next() -> (at: Instant, entry: Entry)? {
    guard let last = heap.popLast() else { return nil }
    guard let first = heap.first else { return (last.at, last.entry) }
    heap[0] = last
    var parent = 0
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].precedes(heap[smallest]) { smallest = child }
      }
      if smallest == parent { break }
      heap.swapAt(parent, smallest)
      parent = smallest
    }
    return (first.at, first.entry)
  }
}
