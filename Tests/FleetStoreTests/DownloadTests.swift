import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Testing

/// Content on its way to the disk, what it shares with content that is there, and what is left.
@Suite struct DownloadTests {
  /// Content with its digest and those of its chunks.
  private struct Content {
    var bytes: [UInt8]
    var digest: ContentDigest
    var chunks: [ContentDigest]
    var size: UInt64

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
      digest = BlobStore.digest(of: bytes)
      chunks = stride(from: 0, to: bytes.count, by: Limits.chunkBytes).map {
        BlobStore.digest(of: bytes[$0..<min($0 + Limits.chunkBytes, bytes.count)])
      }
      size = UInt64(bytes.count)
    }

    init(chunks: Int, seed: UInt64) { self.init(DownloadTests.random(chunks, seed: seed)) }

    func chunk(_ index: Int) -> [UInt8] {
      let start = index * Limits.chunkBytes
      return Array(bytes[start..<min(start + Limits.chunkBytes, bytes.count)])
    }
  }

  private let folder: TemporaryFolder
  private let store: BlobStore

  init() throws {
    folder = try TemporaryFolder()
    store = try BlobStore(folder: folder.path)
  }

  private static func random(_ chunks: Int, seed: UInt64) -> [UInt8] {
    var generator = SplitMix(seed: seed)
    return (0..<chunks * Limits.chunkBytes / 8).flatMap { _ in
      withUnsafeBytes(of: generator.next() as UInt64) { Array($0) }
    }
  }

  private func prepare(_ content: Content, in store: BlobStore? = nil) throws -> DownloadStart {
    try (store ?? self.store).prepareDownload(
      content.digest, chunks: content.chunks, size: content.size)
  }

  private func put(_ content: Content, _ index: Int, in store: BlobStore? = nil) throws {
    try (store ?? self.store).putChunk(
      content.digest, index: UInt32(index), bytes: content.chunk(index))
  }

  private func path(_ content: Content) -> String {
    folder.path + "/downloads/\(content.digest.hex)"
  }

  @Test func `chunks find their places in any order, and a restart goes on`() throws {
    let content = Content(Array(Self.random(3, seed: 1).dropLast(100)))
    #expect(try prepare(content) == DownloadStart(present: [false, false, false], reused: 0))
    try put(content, 2)
    try put(content, 0)
    let again = try BlobStore(folder: folder.path)
    #expect(try prepare(content, in: again).present == [true, false, true])
    try put(content, 1, in: again)
    try again.finishDownload(content.digest)
    #expect(try again.read(content.digest) == content.bytes)
    #expect(folder.files().count == 1)
  }

  @Test func `a chunk that the disk damaged is fetched again`() throws {
    let content = Content(chunks: 2, seed: 2)
    _ = try prepare(content)
    try put(content, 0)
    try put(content, 1)
    var damaged = content.bytes
    damaged[Limits.chunkBytes + 9] ^= 1
    try Data(damaged).write(to: URL(filePath: path(content)))
    let again = try BlobStore(folder: folder.path)
    #expect(try prepare(content, in: again).present == [true, false])
  }

  @Test func `a file of another length is cut or grown to what it should be`() throws {
    let content = Content(chunks: 2, seed: 3)
    for found in [content.chunk(0), content.bytes + [1, 2, 3]] {
      try Data(found).write(to: URL(filePath: path(content)))
      let present = try prepare(content, in: BlobStore(folder: folder.path)).present
      #expect(present == [true, found.count > content.bytes.count])
      #expect(FileManager.default.contents(atPath: path(content))?.count == content.bytes.count)
    }
  }

  @Test func `what does not fit its place is refused`() throws {
    let content = Content(Array(Self.random(2, seed: 4).dropLast(1)))
    #expect(throws: StoreError.self) { try self.put(content, 0) }
    #expect(throws: StoreError.self) { try self.store.finishDownload(content.digest) }
    _ = try prepare(content)
    for (index, count) in [(0, 1), (0, Limits.chunkBytes + 1), (1, Limits.chunkBytes), (2, 1)] {
      let bytes = [UInt8](repeating: 0, count: count)
      #expect(throws: StoreError.self) {
        try self.store.putChunk(content.digest, index: UInt32(index), bytes: bytes)
      }
    }
    #expect(throws: StoreError.self) {
      try self.store.prepareDownload(content.digest, chunks: content.chunks, size: 1)
    }
  }

  @Test func `only the chunks of a changed layer are left to fetch`() throws {
    var bytes = Self.random(40, seed: 5)
    try store.put(bytes)
    // A layer of 1 MiB changes, from chunk 8 to 23.
    let layer = Self.random(16, seed: 6)
    bytes.replaceSubrange(8 * Limits.chunkBytes..<24 * Limits.chunkBytes, with: layer)
    let content = Content(bytes)
    let start = try prepare(content)
    #expect(start.reused == 24)
    let missing = start.present.indices.filter { !start.present[$0] }
    #expect(missing == Array(8..<24))
    #expect(Double(missing.count * Limits.chunkBytes) <= 1.2 * Double(layer.count))
    for index in missing { try put(content, index) }
    try store.finishDownload(content.digest)
    #expect(try store.read(content.digest) == bytes)
  }

  @Test func `a small change moves one chunk, and equal chunks fill all their places`() throws {
    let layer = Self.random(1, seed: 7)
    try store.put(layer)
    var bytes = layer + layer + layer
    bytes[Limits.chunkBytes + 5] ^= 1
    #expect(
      try prepare(Content(bytes)) == DownloadStart(present: [true, false, true], reused: 2))
  }

  @Test func `damaged content lends nothing that it does not hold`() throws {
    let content = Content(chunks: 3, seed: 8)
    let other = Content(content.bytes + [1])
    try store.put(content.bytes)
    var damaged = content.bytes
    damaged[Limits.chunkBytes + 9] ^= 1
    let path = folder.path + "/blobs/\(content.digest.hex.prefix(2))/\(content.digest.hex)"
    try Data(damaged).write(to: URL(filePath: path))
    #expect(try prepare(other).present == [true, false, true, false])
  }

  @Test func `abandoned downloads go and needed ones stay`() throws {
    let contents = (0..<3).map { Content(chunks: 1, seed: UInt64(10 + $0)) }
    for content in contents { _ = try prepare(content) }
    #expect(try store.sweepDownloads(keeping: [contents[1].digest]) == 2)
    #expect(folder.files() == ["downloads/\(contents[1].digest.hex)"])
    #expect(try store.sweepDownloads(keeping: []) == 1)
    #expect(throws: StoreError.self) { try self.put(contents[2], 0) }
  }

  @Test func `content that is removed or replaced is read no more`() throws {
    let content = Content(chunks: 1, seed: 20)
    try store.put(content.bytes)
    #expect(try store.readRange(content.digest, offset: 0, count: 9) == Array(content.bytes[..<9]))
    try store.remove(content.digest)
    #expect(throws: StoreError.self) {
      try self.store.readRange(content.digest, offset: 0, count: 9)
    }
    try store.put(content.bytes)
    #expect(try store.readRange(content.digest, offset: 0, count: 9) == Array(content.bytes[..<9]))
    #expect(try store.sweep(keeping: []) == 1)
    #expect(throws: StoreError.self) {
      try self.store.readRange(content.digest, offset: 0, count: 9)
    }
  }

  @Test func `content that nothing needs stays as long as it is young`() throws {
    let (kept, young) = (try store.put([1]), try store.put([2]))
    #expect(try store.sweep(keeping: [kept], olderThanSeconds: 3_600) == 0)
    #expect(try store.contains(young))
    #expect(try store.sweep(keeping: [kept], olderThanSeconds: 0) == 1)
    #expect(try store.contains(kept))
    #expect(try !store.contains(young))
  }
}
