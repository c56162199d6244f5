import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Testing

/// Chunks that are held already, and those that nobody needs any more.
@Suite struct BlobReuseTests {
  private static func content(_ chunks: Int, seed: UInt64) -> [UInt8] {
    var generator = SplitMix(seed: seed)
    return (0..<chunks * Limits.chunkBytes / 8).flatMap { _ in
      withUnsafeBytes(of: generator.next() as UInt64) { Array($0) }
    }
  }

  private static func chunks(of bytes: [UInt8]) -> [ContentDigest] {
    stride(from: 0, to: bytes.count, by: Limits.chunkBytes).map {
      BlobStore.digest(of: bytes[$0..<min($0 + Limits.chunkBytes, bytes.count)])
    }
  }

  @Test func `only the chunks of a changed layer are left to fetch`() throws {
    let folder = try TemporaryFolder()
    let store = try BlobStore(folder: folder.path)
    var bytes = Self.content(40, seed: 1)
    try store.put(bytes)
    // A layer of 1 MiB changes, from chunk 8 to 23.
    let layer = Self.content(16, seed: 2)
    bytes.replaceSubrange(8 * Limits.chunkBytes..<24 * Limits.chunkBytes, with: layer)
    let wanted = Self.chunks(of: bytes)
    #expect(try store.reuseChunks(wanted) == 24)
    let missing = try store.presentChunks(wanted).enumerated().filter { !$0.element }
    #expect(missing.map(\.offset) == Array(8..<24))
    let moved = missing.count * Limits.chunkBytes
    #expect(Double(moved) <= 1.2 * Double(layer.count))
    for (offset, _) in missing {
      let start = offset * Limits.chunkBytes
      try store.putChunk(
        wanted[offset], bytes: Array(bytes[start..<start + Limits.chunkBytes]))
    }
    let digest = BlobStore.digest(of: bytes)
    try store.assemble(chunks: wanted, into: digest, size: UInt64(bytes.count))
    #expect(try store.read(digest) == bytes)
  }

  @Test func `damaged content lends nothing that it does not hold`() throws {
    let folder = try TemporaryFolder()
    let store = try BlobStore(folder: folder.path)
    let bytes = Self.content(3, seed: 4)
    let digest = try store.put(bytes)
    var damaged = bytes
    damaged[Limits.chunkBytes + 9] ^= 1
    let path = folder.path + "/blobs/\(digest.hex.prefix(2))/\(digest.hex)"
    try Data(damaged).write(to: URL(filePath: path))
    let wanted = Self.chunks(of: bytes)
    #expect(try store.reuseChunks(wanted) == 2)
    #expect(try store.presentChunks(wanted) == [true, false, true])
  }

  @Test func `abandoned chunks go and needed ones stay`() throws {
    let folder = try TemporaryFolder()
    let store = try BlobStore(folder: folder.path)
    let parts = (0..<4).map { [UInt8](repeating: UInt8($0), count: 100) }
    let digests = parts.map { BlobStore.digest(of: $0) }
    for (digest, part) in zip(digests, parts) { try store.putChunk(digest, bytes: part) }
    #expect(try store.sweepChunks(keeping: [digests[1], digests[3]]) == 2)
    #expect(try store.presentChunks(digests) == [false, true, false, true])
    #expect(try store.sweepChunks(keeping: []) == 2)
    #expect(try store.sweepChunks(keeping: []) == 0)
  }

  @Test func `content that nothing needs stays as long as it is young`() throws {
    let folder = try TemporaryFolder()
    let store = try BlobStore(folder: folder.path)
    let (kept, young) = (try store.put([1]), try store.put([2]))
    #expect(try store.sweep(keeping: [kept], olderThanSeconds: 3_600) == 0)
    #expect(try store.contains(young))
    #expect(try store.sweep(keeping: [kept], olderThanSeconds: 0) == 1)
    #expect(try store.contains(kept))
    #expect(try !store.contains(young))
  }
}
