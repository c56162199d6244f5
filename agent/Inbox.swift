import Dispatch
import Synchronization

/// A queue towards one thread: anyone posts, the owner alone takes.
///
/// What peers send is bounded in number and bytes and counted when it is dropped, for peers repeat
/// themselves; what this process tells itself is bounded by the orders it gave and never dropped.
final class Inbox<Item: Sendable>: Sendable {
  /// Messages of peers that may wait: well above the credit that an agent ever gives.
  static var itemsMax: Int { 1_024 }
  /// Their bytes.
  static var bytesMax: Int { 16 << 20 }

  private struct State {
    var items: [Item] = []
    var peerItems = 0
    var peerBytes = 0
    var dropped = 0
    var isClosed = false
  }

  private let state = Mutex(State())
  private let wakeUp = WakeUp()

  /// Posts a message of a peer; false where it is closed or, counted, where too much
  /// waits.
  @discardableResult
  func postFromPeer(_ item: Item, bytes: Int) -> Bool {
    let isTaken = state.withLock { state in
      guard !state.isClosed else { return false }
      guard state.peerItems < Self.itemsMax, bytes <= Self.bytesMax - state.peerBytes else {
        state.dropped += 1
        return false
      }
      state.peerItems += 1
      state.peerBytes += bytes
      state.items.append(item)
      return true
    }
    if isTaken { wakeUp.signal() }
    return isTaken
  }

  /// Posts what this process tells itself.
  func post(_ item: Item) {
    state.withLock { state in
      if !state.isClosed { state.items.append(item) }
    }
    wakeUp.signal()
  }

  /// Everything that waits, oldest first; with nothing there, waits until the deadline.
  func take(until deadline: DispatchTime) -> [Item] {
    let waiting = takeNow()
    guard waiting.isEmpty, !isClosed else { return waiting }
    wakeUp.wait(until: deadline)
    return takeNow()
  }

  /// Takes no more items and wakes the owner; what waits can still be taken.
  func close() {
    state.withLock { $0.isClosed = true }
    wakeUp.signal()
  }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Messages of peers that were dropped since the start.
  var dropped: Int { state.withLock { $0.dropped } }

  private func takeNow() -> [Item] {
    state.withLock { state in
      let items = state.items
      state.items = []
      state.peerItems = 0
      state.peerBytes = 0
      return items
    }
  }
}
