import Synchronization

/// Keeps all content of a store from being swept, for as long as the value lives.
final class BlobHold: Sendable {
  private let store: BlobStore

  fileprivate init(_ store: BlobStore) { self.store = store }

  deinit { store.holds.withLock { $0 -= 1 } }
}

extension BlobStore {
  /// True while somebody reads content that no row of the present may need any more.
  var isHeld: Bool { holds.withLock { $0 > 0 } }

  func hold() -> BlobHold {
    holds.withLock { $0 += 1 }
    return BlobHold(self)
  }
}
