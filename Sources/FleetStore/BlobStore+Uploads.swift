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

  /// Takes the staged bytes of a complete upload, to be judged before they become a blob.
  ///
  /// The upload is then closed: nothing writes to these bytes any more. Throws `sizeMismatch` or
  /// `digestMismatch` where they are not what was announced; they are gone then.
  package func take(
    _ key: UploadKey, expected digest: ContentDigest, size: UInt64
  ) throws(StoreError) -> TakenUpload {
    let (path, taken) = (uploadPath(key), stagingPath())
    guard try FileSystem.size(path) != nil else {
      throw .missing(digest: "upload \(key.name)", path: path)
    }
    try FileSystem.rename(path, to: taken)
    do throws(StoreError) {
      guard let content = try StoredContent(path: taken) else {
        throw .missing(digest: "upload \(key.name)", path: path)
      }
      guard content.size == size, size <= UInt64(Limits.updateBytesMax) else {
        throw .sizeMismatch(path: path, expected: size, found: content.size)
      }
      let found = try content.digest()
      guard found == digest else {
        throw .digestMismatch(path: path, expected: digest.hex, found: found.hex)
      }
      return TakenUpload(digest: digest, content: content, path: taken)
    } catch {
      discardStaged(taken)
      throw error
    }
  }

  /// Makes what was taken durable as a blob.
  package func keep(_ upload: TakenUpload) throws(StoreError) {
    try FileSystem.sync(upload.path)
    try adopt(upload.path, as: upload.digest)
  }

  /// Removes what was taken and is not kept.
  package func discard(_ upload: TakenUpload) { discardStaged(upload.path) }

  /// Throws an upload away; without one it does nothing.
  package func discard(_ key: UploadKey) throws(StoreError) {
    try FileSystem.remove(uploadPath(key))
  }

  /// A zero byte parts the fields: names may hold dots, so that joining them could collide.
  private func uploadPath(_ key: UploadKey) -> String {
    let fields = [
      key.round.job.text, String(key.round.round), String(key.round.attempt), key.node.text,
    ]
    return uploads + "/" + Self.digest(of: fields.joined(separator: "\0").utf8).hex
  }
}

/// The verified bytes of a complete upload, out of reach of whoever sent them.
package struct TakenUpload: Sendable {
  /// SHA-256 of them.
  package let digest: ContentDigest
  /// The bytes.
  package let content: StoredContent
  let path: String
}
