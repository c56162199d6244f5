import Crypto
import FleetProtocol
import Foundation

/// Reads the archive of a backup from bytes as they come, and holds each part against the manifest.
///
/// Whatever the bytes are, it takes them or throws. What was read counts only when `finish`
/// returns: a backup that ends anywhere before its end is none.
package struct BackupReader {
  /// What comes out of it, in order.
  package enum Piece {
    /// A part begins.
    case begins(BackupManifest.Part)
    /// Its next bytes.
    case bytes(ArraySlice<UInt8>)
    /// It was whole, and what the manifest says.
    case ends(BackupManifest.Part)
  }

  private enum Stage {
    case header
    /// A file, the bytes that are still to come, and those that fill its last block.
    case content(BackupManifest.Part, left: UInt64)
    case padding(Int)
    /// The zeros that came after all parts.
    case ending(Int)
  }

  /// The manifest, once it was read.
  package private(set) var manifest: BackupManifest?
  private var manifestBytes: [UInt8] = []
  private var stage = Stage.header
  private var block: [UInt8] = []
  private var hash = SHA256()
  private var check: [UInt8] = []
  private var partsRead = 0

  /// A reader at an archive's beginning.
  package init() {}

  /// Takes the next bytes, and hands on what they are.
  package mutating func take(
    _ bytes: ArraySlice<UInt8>, _ visit: (Piece) throws -> Void = { _ in }
  ) throws {
    var rest = bytes
    while !rest.isEmpty {
      switch stage {
      case .header: try takeHeader(&rest, visit)
      case .content(let part, let left):
        let piece = rest.prefix(Int(clamping: left))
        rest = rest.dropFirst(piece.count)
        try takeContent(piece, part, left: left, visit)
      case .padding(let left):
        let piece = rest.prefix(left)
        guard piece.allSatisfy({ $0 == 0 }) else {
          throw BackupDamage("bytes where a file's last block is filled up")
        }
        rest = rest.dropFirst(piece.count)
        stage = left == piece.count ? .header : .padding(left - piece.count)
      case .ending(let zeros):
        guard rest.allSatisfy({ $0 == 0 }) else { throw BackupDamage("bytes after its end") }
        stage = .ending(zeros + rest.count)
        rest = []
      }
    }
  }

  /// What was read, when it was all of a backup.
  package func finish() throws(BackupDamage) -> BackupManifest {
    guard let manifest else { throw BackupDamage("no manifest; is it a backup?") }
    guard case .ending(let zeros) = stage, zeros >= TarHeader.ending.count else {
      throw BackupDamage(
        "it ends after \(partsRead) of \(manifest.parts.count) parts; copy it again, or make "
          + "another backup")
    }
    return manifest
  }

  private mutating func takeHeader(
    _ rest: inout ArraySlice<UInt8>, _ visit: (Piece) throws -> Void
  ) throws {
    let piece = rest.prefix(TarHeader.blockBytes - block.count)
    block += piece
    rest = rest.dropFirst(piece.count)
    guard block.count == TarHeader.blockBytes else { return }
    defer { block = [] }
    if block.allSatisfy({ $0 == 0 }), isComplete {
      stage = .ending(block.count)
      return
    }
    guard let header = TarHeader(block) else {
      throw BackupDamage("block \(partsRead) of a file's facts does not hold; is it a backup?")
    }
    let part = try expected(header)
    hash = SHA256()
    stage = .content(part, left: part.size)
    if manifest != nil, part.name != BackupManifest.checkName { try visit(.begins(part)) }
    if part.size == 0 { try takeContent([], part, left: 0, visit) }
  }

  private var isComplete: Bool {
    guard let manifest else { return false }
    return partsRead == manifest.parts.count && !check.isEmpty
  }

  /// The part that has to come next, under this header.
  private func expected(_ header: TarHeader) throws(BackupDamage) -> BackupManifest.Part {
    guard let manifest else {
      guard header.name == BackupManifest.fileName, header.size <= BackupManifest.bytesMax else {
        throw BackupDamage(
          "found `\(header.name)`, expected \(BackupManifest.fileName); is it a backup?")
      }
      return BackupManifest.Part(name: header.name, size: header.size, sha256: "")
    }
    guard partsRead < manifest.parts.count else {
      guard header.name == BackupManifest.checkName, header.size == 65, check.isEmpty else {
        throw BackupDamage("found `\(header.name)`, which the manifest does not name")
      }
      return BackupManifest.Part(name: header.name, size: header.size, sha256: "")
    }
    let part = manifest.parts[partsRead]
    guard header.name == part.name, header.size == part.size else {
      throw BackupDamage(
        "found `\(header.name)` of \(header.size) bytes, expected `\(part.name)` of \(part.size)")
    }
    return part
  }

  private mutating func takeContent(
    _ piece: ArraySlice<UInt8>, _ part: BackupManifest.Part, left: UInt64,
    _ visit: (Piece) throws -> Void
  ) throws {
    hash.update(data: piece)
    let isManifest = manifest == nil
    let isCheck = part.name == BackupManifest.checkName
    if isManifest {
      manifestBytes += piece
    } else if isCheck {
      check += piece
    } else if !piece.isEmpty {
      try visit(.bytes(piece))
    }
    let after = left - UInt64(piece.count)
    guard after == 0 else {
      stage = .content(part, left: after)
      return
    }
    let found = Hex.text(hash.finalize())
    if isManifest {
      try takeManifest()
    } else if isCheck {
      guard check == Array((Hex.text(SHA256.hash(data: manifestBytes)) + "\n").utf8) else {
        throw BackupDamage("its manifest was changed")
      }
    } else {
      guard found == part.sha256 else {
        throw BackupDamage("`\(part.name)` has the SHA-256 \(found), expected \(part.sha256)")
      }
      partsRead += 1
      try visit(.ends(part))
    }
    let padding = TarHeader.padding(after: part.size)
    stage = padding == 0 ? .header : .padding(padding)
  }

  private mutating func takeManifest() throws(BackupDamage) {
    let found: BackupManifest
    do {
      found = try JSONDecoder().decode(BackupManifest.self, from: Data(manifestBytes))
    } catch {
      throw BackupDamage("its manifest does not read: \(error)")
    }
    guard found.format == BackupManifest.format else {
      throw BackupDamage(
        "a backup of form \(found.format), expected \(BackupManifest.format); use the build that "
          + "made it, \(found.madeBy)")
    }
    guard found.parts.first?.name == BackupManifest.databaseName,
      found.parts.dropFirst().allSatisfy({ $0.name == BackupManifest.blobFolder + $0.sha256 })
    else { throw BackupDamage("its manifest names other parts than a database and blobs") }
    manifest = found
  }
}
