package import FleetCore
import FleetProtocol

/// What keeps a download small and the disk clean.
extension BlobStore {
  /// Takes wanted chunks out of content that is held already: only what changed must move.
  ///
  /// A chunk is found by its digest wherever it begins at a multiple of the chunk size, which is
  /// where models have their layers. Returns how many were found; damage elsewhere in a file does
  /// not matter, for each chunk is known by what it holds.
  @discardableResult
  package func reuseChunks(_ wanted: [ContentDigest]) throws(StoreError) -> Int {
    var missing: Set<ContentDigest> = []
    for (digest, isPresent) in zip(wanted, try presentChunks(wanted)) where !isPresent {
      missing.insert(digest)
    }
    var found = 0
    for digest in try held() {
      var offset: UInt64 = 0
      while !missing.isEmpty {
        let bytes = try FileSystem.read(
          path(of: digest), offset: offset, count: Limits.chunkBytes)
        guard let bytes, !bytes.isEmpty else { break }
        let chunk = Self.digest(of: bytes)
        if missing.remove(chunk) != nil {
          try putChunk(chunk, bytes: bytes)
          found += 1
        }
        offset += UInt64(bytes.count)
      }
    }
    return found
  }

  /// Removes chunks of downloads that nobody goes on with; returns how many there were.
  ///
  /// What a crash leaves behind goes the same way at the next call: a chunk is either needed by a
  /// model that is on its way, or it is nothing.
  @discardableResult
  package func sweepChunks(keeping needed: Set<ContentDigest>) throws(StoreError) -> Int {
    var removed = 0
    for name in try FileSystem.list(chunks) {
      if let digest = ContentDigest(hex: name), needed.contains(digest) { continue }
      try FileSystem.remove(chunks + "/" + name)
      removed += 1
    }
    return removed
  }

  /// Digests of all content, in order.
  private func held() throws(StoreError) -> [ContentDigest] {
    var digests: [ContentDigest] = []
    for shelf in try FileSystem.list(blobs) {
      for name in try FileSystem.list(blobs + "/" + shelf) {
        if let digest = ContentDigest(hex: name) { digests.append(digest) }
      }
    }
    return digests
  }
}
