import Federation
import FleetStore
import Synchronization
import Workbench

/// An update on the disk, which is read a block at a time.
///
/// The disk's failures are no fault of the update: `failure` keeps them for who reads.
final class StoredUpdate: UpdateContent {
  private let content: StoredContent
  private let failed = Mutex<StoreError?>(nil)

  init(_ content: StoredContent) { self.content = content }

  var size: Int { Int(clamping: content.size) }

  /// What the disk said last where it failed.
  var failure: StoreError? { failed.withLock { $0 } }

  func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(AggregationError) {
    do throws(StoreError) {
      try content.read(at: offset, into: buffer)
    } catch {
      failed.withLock { $0 = error }
      throw .unreadable(update: 0, detail: error.description)
    }
  }
}
