import CompiledModel
import FleetCore
import FleetStore
import Synchronization

/// Price tables by digest, read out of the models that carry them and kept.
final class PriceTables: Sendable {
  private let blobs: BlobStore
  private let known = Mutex<[ContentDigest: PriceTable]>([:])

  init(blobs: BlobStore) { self.blobs = blobs }

  /// The table of this digest, as one of these models carries it; nil when none does.
  func table(_ digest: ContentDigest, among models: some Sequence<ModelRecord>) -> PriceTable? {
    if let table = known.withLock({ $0[digest] }) { return table }
    for record in models where record.priceDigest == digest {
      do {
        let table = try CompiledModel(reading: try blobs.read(record.digest)).prices
        known.withLock { $0[digest] = table }
        return table
      } catch {
        // A damaged blob is reported where it is served; another model may carry the table.
        continue
      }
    }
    return nil
  }
}
