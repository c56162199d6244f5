import Crypto
package import FleetCore

/// Content of the store that is open for reading, whatever happens to its name meanwhile.
package struct StoredContent: Sendable {
  /// Bytes it has.
  package let size: UInt64
  private let file: OpenFile

  /// Bytes that are hashed at a time.
  private static let blockBytes = 1 << 20

  /// Opens a file; nil where there is none.
  init?(path: String) throws(StoreError) {
    guard let file = try OpenFile.reading(path) else { return nil }
    self.file = file
    size = try file.size()
  }

  /// Fills a buffer with bytes from an offset on, which have to be there; not verified.
  package func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(StoreError) {
    try file.read(at: UInt64(offset), into: buffer)
  }

  /// SHA-256 of all bytes, read a block at a time.
  package func digest() throws(StoreError) -> ContentDigest {
    var hash = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.blockBytes, alignment: 4_096)
    defer { buffer.deallocate() }
    var offset: UInt64 = 0
    while offset < size {
      let count = Int(min(UInt64(Self.blockBytes), size - offset))
      let block = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      try file.read(at: offset, into: block)
      hash.update(bufferPointer: UnsafeRawBufferPointer(block))
      offset += UInt64(count)
    }
    guard let digest = ContentDigest(hash.finalize()) else {
      preconditionFailure("SHA-256 gave other than 32 bytes")
    }
    return digest
  }
}
