/// What events take on one core, and the barrier that ends each step.
package struct TimingTable: Sendable, Equatable {
  /// Picoseconds of one event, indexed by the raw values of the kinds.
  package let picoseconds: [UInt32]
  /// Picoseconds for a core to take in one message.
  package let axonInPicoseconds: UInt32
  /// Barriers by the number of active tiles from which they hold, rising.
  package let barriers: [Barrier]
  /// Messages that the buffer of one link holds; congestion in the detailed model begins beyond.
  package let linkBuffer: Int

  /// The barrier's length from so many active tiles on.
  package struct Barrier: Sendable, Equatable {
    /// Active tiles from which it holds, up to the next barrier's.
    package let tiles: Int
    /// Its length.
    package let picoseconds: UInt32

    /// A barrier from `tiles` active tiles on.
    package init(tiles: Int, picoseconds: UInt32) {
      self.tiles = tiles
      self.picoseconds = picoseconds
    }
  }

  /// Kinds that are not named take no time of their own.
  package init(
    picoseconds: [EventKind: UInt32], axonInPicoseconds: UInt32, barriers: [Barrier],
    linkBuffer: Int = 16
  ) {
    self.init(
      byKind: EventKind.allCases.map { picoseconds[$0] ?? 0 },
      axonInPicoseconds: axonInPicoseconds, barriers: barriers, linkBuffer: linkBuffer)
  }

  init(byKind: [UInt32], axonInPicoseconds: UInt32, barriers: [Barrier], linkBuffer: Int) {
    self.linkBuffer = linkBuffer
    picoseconds = byKind
    self.axonInPicoseconds = axonInPicoseconds
    self.barriers = barriers
  }

  /// The time of one event.
  package subscript(kind: EventKind) -> UInt32 { picoseconds[kind.rawValue] }

  /// The barrier of the largest number of tiles that is not above those in use; the first one below
  /// all of them, and 0 for a table without any.
  package func barrier(activeTiles: Int) -> UInt32 {
    (barriers.last { $0.tiles <= activeTiles } ?? barriers.first)?.picoseconds ?? 0
  }
}
