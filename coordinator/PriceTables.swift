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

  /// Joules of all components; nil where the table is not known or has no price for an event.
  func joules(
    of counts: [UInt64], under digest: ContentDigest?, among models: some Sequence<ModelRecord>
  ) -> Double? {
    guard let digest, let table = table(digest, among: models) else { return nil }
    do {
      return try table.joules(of: counts).values.reduce(0, +)
    } catch {
      return nil
    }
  }
}
