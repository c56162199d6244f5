import Crypto
package import FleetCore

extension BlobStore {
  /// Keeps one chunk of a download; throws `digestMismatch` for bytes that are not the chunk.
  ///
  /// Not fsynced: a chunk that a power cut damages is found when the chunks are put together.
  package func putChunk(_ digest: ContentDigest, bytes: [UInt8]) throws(StoreError) {
    let path = chunkPath(digest)
    let found = Self.digest(of: bytes)
    guard found == digest else {
      throw .digestMismatch(path: path, expected: digest.hex, found: found.hex)
    }
    let staged = stagingPath()
    do {
      try FileSystem.write(bytes, to: staged, durably: false)
      try FileSystem.rename(staged, to: path)
    } catch {
      discardStaged(staged)
      throw error
    }
  }

  /// For each digest, whether its chunk is kept already.
  package func presentChunks(_ digests: [ContentDigest]) throws(StoreError) -> [Bool] {
    var present: [Bool] = []
    present.reserveCapacity(digests.count)
    for digest in digests { present.append(try FileSystem.size(chunkPath(digest)) != nil) }
    return present
  }

  /// Joins chunks into the content they make, verifies every chunk and the whole, stores it.
  ///
  /// Then removes the chunks except those in `keeping`, which other downloads still need.
  /// A damaged chunk is removed and thrown as `digestMismatch`, to be fetched again; content of
  /// another size or digest than promised throws and leaves nothing under that digest.
  package func assemble(
    chunks digests: [ContentDigest], into digest: ContentDigest, size: UInt64,
    keeping: Set<ContentDigest> = []
  ) throws(StoreError) {
    let staged = stagingPath()
    do {
      try join(digests, to: staged, digest, size)
      try adopt(staged, as: digest)
    } catch {
      discardStaged(staged)
      throw error
    }
    for chunk in digests where !keeping.contains(chunk) {
      try FileSystem.remove(chunkPath(chunk))
    }
  }

  private func join(
    _ digests: [ContentDigest], to staged: String, _ digest: ContentDigest, _ size: UInt64
  ) throws(StoreError) {
    var hash = SHA256()
    var offset: UInt64 = 0
    try FileSystem.write([], to: staged, durably: false)
    for chunk in digests {
      let bytes = try readChunk(chunk)
      guard UInt64(bytes.count) <= size - offset else {
        throw .sizeMismatch(
          path: path(of: digest), expected: size, found: offset + UInt64(bytes.count))
      }
      hash.update(data: bytes)
      try FileSystem.write(bytes, to: staged, at: offset, durably: false)
      offset += UInt64(bytes.count)
    }
    guard offset == size else {
      throw .sizeMismatch(path: path(of: digest), expected: size, found: offset)
    }
    guard let found = ContentDigest(hash.finalize()), found == digest else {
      throw .digestMismatch(
        path: path(of: digest), expected: digest.hex, found: "other content of the same size")
    }
    try FileSystem.sync(staged)
  }

  private func readChunk(_ digest: ContentDigest) throws(StoreError) -> [UInt8] {
    let path = chunkPath(digest)
    guard let size = try FileSystem.size(path), let count = Int(exactly: size),
      let bytes = try FileSystem.read(path, offset: 0, count: count)
    else { throw .missing(digest: digest.hex, path: path) }
    let found = Self.digest(of: bytes)
    guard found == digest else {
      try FileSystem.remove(path)
      throw .digestMismatch(path: path, expected: digest.hex, found: found.hex)
    }
    return bytes
  }

  private func chunkPath(_ digest: ContentDigest) -> String { chunks + "/" + digest.hex }
}
