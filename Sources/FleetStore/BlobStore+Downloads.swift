package import FleetCore
import FleetProtocol
import Synchronization

/// Content on its way: each chunk at its place in one file, `downloads/<64 hex of the content>`.
///
/// Nothing is remembered of what arrived: a chunk is there when the bytes at its place have its
/// digest. So whatever a power cut leaves of the file, only what is damaged is fetched again.
extension BlobStore {
  /// Makes room for a download and says for each chunk whether it is there already.
  ///
  /// Chunks of content that is held anyway are taken over first, so that only what changed must
  /// move: a chunk is found wherever it begins at a multiple of the chunk size, which is where
  /// models have their layers. Throws `full` at once where the disk has no room for the whole.
  package func prepareDownload(
    _ digest: ContentDigest, chunks: [ContentDigest], size: UInt64
  ) throws(StoreError) -> DownloadStart {
    try checkShape(digest, chunks, size)
    let download = try Download(path: downloadPath(digest), size: size)
    var start = DownloadStart(present: chunks.map { _ in false }, reused: 0)
    for chunk in chunks.indices where !download.isFresh {
      let bytes = try download.read(chunk)
      start.present[chunk] = Self.digest(of: bytes) == chunks[chunk]
    }
    try reuse(chunks, for: download, &start)
    opened.withLock { $0.download = (digest, download) }
    return start
  }

  /// Writes a chunk to its place; the caller has verified its bytes.
  ///
  /// Not fsynced: what a power cut damages is found when the download is prepared again.
  package func putChunk(
    _ digest: ContentDigest, index: UInt32, bytes: [UInt8]
  ) throws(StoreError) {
    try download(digest).write(bytes, at: Int(index))
  }

  /// Makes a complete download durable and gives it its name.
  ///
  /// Its chunks were verified as they came; the whole is when it is read, as all content. Throws
  /// `missing` for a download that was not prepared since the start.
  package func finishDownload(_ digest: ContentDigest) throws(StoreError) {
    try download(digest).file.sync()
    opened.withLock { $0.download = nil }
    try adopt(downloadPath(digest), as: digest)
  }

  /// Removes downloads that nobody goes on with; returns how many there were.
  @discardableResult
  package func sweepDownloads(keeping needed: Set<ContentDigest>) throws(StoreError) -> Int {
    opened.withLock { opened in
      if let digest = opened.download?.digest, !needed.contains(digest) { opened.download = nil }
    }
    var removed = 0
    for name in try FileSystem.list(downloads) {
      if let digest = ContentDigest(hex: name), needed.contains(digest) { continue }
      try FileSystem.remove(downloads + "/" + name)
      removed += 1
    }
    return removed
  }

  // MARK: inside

  private func downloadPath(_ digest: ContentDigest) -> String { downloads + "/" + digest.hex }

  private func download(_ digest: ContentDigest) throws(StoreError) -> Download {
    let found = opened.withLock { $0.download?.digest == digest ? $0.download?.download : nil }
    guard let found else {
      throw .missing(digest: "download of \(digest.hex)", path: downloadPath(digest))
    }
    return found
  }

  private func checkShape(
    _ digest: ContentDigest, _ chunks: [ContentDigest], _ size: UInt64
  ) throws(StoreError) {
    let chunk = UInt64(Limits.chunkBytes)
    guard size <= UInt64(Limits.modelBytesMax),
      UInt64(chunks.count) == (size + chunk - 1) / chunk
    else {
      throw .sizeMismatch(
        path: path(of: digest), expected: size, found: UInt64(chunks.count) * chunk)
    }
  }

  private func reuse(
    _ chunks: [ContentDigest], for download: Download, _ start: inout DownloadStart
  ) throws(StoreError) {
    var missing: [ContentDigest: [Int]] = [:]
    for (index, chunk) in chunks.enumerated() where !start.present[index] {
      missing[chunk, default: []].append(index)
    }
    for digest in try held() {
      guard !missing.isEmpty, let file = try OpenFile.reading(path(of: digest)) else { continue }
      var offset: UInt64 = 0
      while !missing.isEmpty {
        let bytes = try file.read(at: offset, count: Limits.chunkBytes)
        guard !bytes.isEmpty else { break }
        for index in missing.removeValue(forKey: Self.digest(of: bytes)) ?? [] {
          try download.write(bytes, at: index)
          start.present[index] = true
          start.reused += 1
        }
        offset += UInt64(bytes.count)
      }
    }
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

/// What a download begins with.
package struct DownloadStart: Sendable, Equatable {
  /// For each chunk, whether it is there.
  package var present: [Bool]
  /// Chunks taken over from other content.
  package var reused: Int

  /// A start with its facts.
  package init(present: [Bool], reused: Int) {
    self.present = present
    self.reused = reused
  }
}

/// The open file of a download.
///
/// One owner at a time writes to it: the agent's shell.
final class Download: Sendable {
  /// Bytes after which the disk is told to begin with what was written, so that the end of the
  /// download waits for little.
  private static let writeBehindBytes: UInt64 = 4 << 20

  let file: OpenFile
  /// True where the file has just been made: nothing in it came from anywhere.
  let isFresh: Bool
  private let size: UInt64

  /// Opens or makes the file, with room for all of it.
  init(path: String, size: UInt64) throws(StoreError) {
    file = try OpenFile.writing(path)
    self.size = size
    isFresh = try file.size() == 0
    try file.reserve(size)
  }

  func read(_ chunk: Int) throws(StoreError) -> [UInt8] {
    let offset = UInt64(chunk) * UInt64(Limits.chunkBytes)
    return try file.read(at: offset, count: Int(min(UInt64(Limits.chunkBytes), size - offset)))
  }

  func write(_ bytes: [UInt8], at chunk: Int) throws(StoreError) {
    let offset = UInt64(chunk) * UInt64(Limits.chunkBytes)
    guard offset < size, UInt64(bytes.count) == min(UInt64(Limits.chunkBytes), size - offset) else {
      throw .range(path: file.path, offset: offset, count: UInt64(bytes.count), size: size)
    }
    try file.write(bytes, at: offset)
    let end = offset + UInt64(bytes.count)
    if end % Self.writeBehindBytes == 0 {
      file.startWriting(from: end - Self.writeBehindBytes, count: Self.writeBehindBytes)
    }
  }
}
