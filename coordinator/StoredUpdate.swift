import Federation
import FleetCore
import FleetStore
import Synchronization
import Workbench

/// An accepted update on the disk, which a merge reads a block at a time.
///
/// The disk's failures are no fault of the update: `failure` keeps them for who merges.
final class StoredUpdate: UpdateContent {
  private let blobs: BlobStore
  private let digest: ContentDigest
  private let file: StoredContent
  private let failed = Mutex<StoreError?>(nil)

  init(_ digest: ContentDigest, in blobs: BlobStore) throws(StoreError) {
    self.blobs = blobs
    self.digest = digest
    file = try blobs.content(digest)
  }

  /// What the disk said last where it failed.
  var failure: StoreError? { failed.withLock { $0 } }

  func bytes() throws(AggregationError) -> [UInt8] {
    do throws(StoreError) {
      return try blobs.read(digest)
    } catch {
      throw note(error)
    }
  }

  func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(AggregationError) {
    do throws(StoreError) {
      try file.read(at: offset, into: buffer)
    } catch {
      throw note(error)
    }
  }

  private func note(_ error: StoreError) -> AggregationError {
    failed.withLock { $0 = error }
    return .unreadable(update: 0, detail: error.description)
  }
}
