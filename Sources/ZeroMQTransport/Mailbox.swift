internal import CZeroMQ
internal import Glibc
internal import Synchronization

/// A bounded queue towards one owner thread, with the descriptor that wakes it.
///
/// Anyone may post; the owner alone takes. An item counts against the bounds until the owner
/// says that it is done with it, so what waits behind a slow connection is bounded too.
final class Mailbox<Item: Sendable>: Sendable {
  /// How many items and bytes may wait.
  struct Bounds: Sendable {
    var items: Int
    var bytes: Int
  }

  private struct State {
    var items: [Item] = []
    var waitingItems = 0
    var waitingBytes = 0
    var dropped = 0
    var closed = false
  }

  /// Readable while something waits.
  let descriptor: Int32
  private let bounds: Bounds
  private let state = Mutex(State())

  init(bounds: Bounds) throws(ZMQError) {
    descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    self.bounds = bounds
    guard descriptor >= 0 else {
      throw ZMQError(operation: "create an eventfd", errno: errno)
    }
  }

  deinit { close(descriptor) }

  /// Posts an item of that many bytes; false, and counted, when it is full or closed.
  func post(_ item: Item, bytes: Int) -> Bool {
    let taken = state.withLock { state in
      guard !state.closed, state.waitingItems < bounds.items,
        bytes <= bounds.bytes - state.waitingBytes
      else {
        state.dropped += 1
        return false
      }
      state.items.append(item)
      state.waitingItems += 1
      state.waitingBytes += bytes
      return true
    }
    if taken { wake() }
    return taken
  }

  /// Posts an order that must never be lost to a full box; the caller keeps such orders few.
  func postAlways(_ item: Item) {
    state.withLock { state in
      guard !state.closed else { return }
      state.items.append(item)
      state.waitingItems += 1
    }
    wake()
  }

  /// Everything that waits, oldest first.
  ///
  /// Owner thread only.
  func take() -> [Item] {
    var count: UInt64 = 0
    // The descriptor is emptied first: a post after it raises it again.
    _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    return state.withLock { state in
      let items = state.items
      state.items = []
      return items
    }
  }

  /// Gives an item's room back.
  ///
  /// Owner thread only.
  func done(bytes: Int, dropped: Bool = false) {
    state.withLock { state in
      state.waitingItems -= 1
      state.waitingBytes -= bytes
      if dropped { state.dropped += 1 }
    }
  }

  /// Takes no more posts and wakes the owner, who ends when it sees `isClosed`.
  func closeAndWake() {
    state.withLock { $0.closed = true }
    wake()
  }

  var isClosed: Bool { state.withLock { $0.closed } }

  /// Items lost since the start: refused when full, or given up by the owner.
  var dropped: Int { state.withLock { $0.dropped } }

  private func wake() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
  }
}
