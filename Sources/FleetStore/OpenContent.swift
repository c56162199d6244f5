import FleetCore

/// Files of the store that stay open: content that is read in pieces, and the download under way.
struct OpenContent {
  /// Content that is read.
  struct Entry: Sendable {
    let digest: ContentDigest
    let file: OpenFile
    let size: UInt64
  }

  /// Files kept for reading; the one used longest ago is closed for another.
  static let entriesMax = 8

  /// The download that chunks are written to.
  var download: (digest: ContentDigest, download: Download)?
  /// The one used last comes last.
  private var entries: [Entry] = []

  mutating func entry(_ digest: ContentDigest) -> Entry? {
    guard let index = entries.firstIndex(where: { $0.digest == digest }) else { return nil }
    if index < entries.count - 1 { entries.append(entries.remove(at: index)) }
    return entries.last
  }

  mutating func add(_ entry: Entry) {
    forget(entry.digest)
    if entries.count == Self.entriesMax { entries.removeFirst() }
    entries.append(entry)
  }

  /// Closes what is about to be removed or replaced; a reader that has it goes on to its end.
  mutating func forget(_ digest: ContentDigest) { entries.removeAll { $0.digest == digest } }
}
