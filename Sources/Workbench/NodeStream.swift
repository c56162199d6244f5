import Crypto
package import FleetCore
package import SpikingNetwork

/// A node's stream: its samples, and what is said about them.
package struct NodeStream: Sendable, Equatable {
  /// The samples, in the order of the sensor.
  package let samples: LabelledSamples
  /// Labels, rewards and assignments of the samples.
  package let events: StreamEvents

  /// A stream; without events each sample has its own label.
  package init(_ samples: LabelledSamples, events: StreamEvents? = nil) {
    self.samples = samples
    self.events = events ?? StreamEvents(of: samples)
    precondition(
      self.events.labels.count == samples.count,
      "events of \(self.events.labels.count) samples for \(samples.count)")
  }

  /// The largest class that is named.
  package var labelMax: Int {
    max(
      events.labels.compactMap(\.self).max() ?? 0,
      events.assignments.compactMap(\.self).max() ?? 0)
  }

  /// SHA-256 of everything that learning sees of the stream.
  package var digest: ContentDigest {
    var hash = SHA256()
    func add(_ number: UInt64) {
      hash.update(data: (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) })
    }
    add(UInt64(samples.channels))
    add(UInt64(samples.count))
    hash.update(data: samples.intensities)
    for id in samples.ids { add(id) }
    for label in events.labels { add(UInt64(bitPattern: Int64(label ?? -1))) }
    for reward in events.rewards { add((reward ?? .infinity).bitPattern) }
    for label in events.assignments { add(UInt64(bitPattern: Int64(label ?? -1))) }
    guard let digest = ContentDigest(hash.finalize()) else {
      preconditionFailure("SHA-256 gave other than 32 bytes")
    }
    return digest
  }
}
