import Crypto
package import FleetCore
import FleetProtocol

/// Uploads are staged under a hash of their key and become blobs when they are complete.
///
/// A restart drops them all: the node announces its update again. One upload has one writer.
extension BlobStore {
  /// Starts an upload with no bytes, whatever was staged for it before.
  package func openUpload(_ key: UploadKey) throws(StoreError) {
    let path = uploadPath(key)
    try FileSystem.remove(path)
    try FileSystem.write([], to: path, durably: false)
  }

  /// Bytes staged so far, nil when the upload is not open.
  package func uploadSize(_ key: UploadKey) throws(StoreError) -> UInt64? {
    try FileSystem.size(uploadPath(key))
  }

  /// Writes bytes of an open upload; the same bytes again change nothing.
  ///
  /// Throws `range` where they would leave a hole or exceed `Limits.updateBytesMax`.
  package func append(
    _ key: UploadKey, at offset: UInt64, bytes: [UInt8]
  ) throws(StoreError) {
    let path = uploadPath(key)
    guard let size = try FileSystem.size(path) else {
      throw .missing(digest: "upload \(key.name)", path: path)
    }
    let limit = UInt64(Limits.updateBytesMax)
    guard offset <= size, offset <= limit, UInt64(bytes.count) <= limit - offset else {
      throw .range(path: path, offset: offset, count: UInt64(bytes.count), size: size)
    }
    try FileSystem.write(bytes, to: path, at: offset, durably: false)
  }

  /// Verifies the staged bytes and makes them durable as a blob; the upload is then closed.
  ///
  /// Throws `sizeMismatch` or `digestMismatch` and leaves the upload open for a fresh start.
  package func finish(
    _ key: UploadKey, expected digest: ContentDigest, size: UInt64
  ) throws(StoreError) {
    let path = uploadPath(key)
    guard let staged = try FileSystem.size(path) else {
      throw .missing(digest: "upload \(key.name)", path: path)
    }
    guard staged == size else {
      throw .sizeMismatch(path: path, expected: size, found: staged)
    }
    let found = try hash(path, size: size)
    guard found == digest else {
      throw .digestMismatch(path: path, expected: digest.hex, found: found.hex)
    }
    try FileSystem.sync(path)
    try adopt(path, as: digest)
  }

  /// The staged bytes of a complete upload, to be judged before they become a blob.
  ///
  /// Throws `sizeMismatch` or `digestMismatch` where they are not what was announced.
  package func staged(
    _ key: UploadKey, expected digest: ContentDigest, size: UInt64
  ) throws(StoreError) -> [UInt8] {
    let path = uploadPath(key)
    guard let staged = try FileSystem.size(path) else {
      throw .missing(digest: "upload \(key.name)", path: path)
    }
    guard staged == size, size <= UInt64(Limits.updateBytesMax) else {
      throw .sizeMismatch(path: path, expected: size, found: staged)
    }
    guard let bytes = try FileSystem.read(path, offset: 0, count: Int(size)) else {
      throw .missing(digest: "upload \(key.name)", path: path)
    }
    let found = Self.digest(of: bytes)
    guard found == digest else {
      throw .digestMismatch(path: path, expected: digest.hex, found: found.hex)
    }
    return bytes
  }

  /// Throws an upload away; without one it does nothing.
  package func discard(_ key: UploadKey) throws(StoreError) {
    try FileSystem.remove(uploadPath(key))
  }

  private func hash(_ path: String, size: UInt64) throws(StoreError) -> ContentDigest {
    var hash = SHA256()
    var offset: UInt64 = 0
    while offset < size {
      guard let block = try FileSystem.read(path, offset: offset, count: 1 << 20) else {
        throw .missing(digest: "staged bytes", path: path)
      }
      guard !block.isEmpty else {
        throw .sizeMismatch(path: path, expected: size, found: offset)
      }
      hash.update(data: block)
      offset += UInt64(block.count)
    }
    guard let digest = ContentDigest(hash.finalize()) else {
      preconditionFailure("SHA-256 gave other than 32 bytes")
    }
    return digest
  }

  /// A zero byte parts the fields: names may hold dots, so that joining them could collide.
  private func uploadPath(_ key: UploadKey) -> String {
    let fields = [
      key.round.job.text, String(key.round.round), String(key.round.attempt), key.node.text,
    ]
    return uploads + "/" + Self.digest(of: fields.joined(separator: "\0").utf8).hex
  }
}
