import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Testing

@Suite struct BlobStoreTests {
  private let folder: TemporaryFolder
  private let store: BlobStore

  init() throws {
    folder = try TemporaryFolder()
    store = try BlobStore(folder: folder.path)
  }

  private var key: UploadKey {
    UploadKey(round: RoundKey(job: name("job"), round: 1, attempt: 1), node: name("a"))
  }

  private var stagingFolder: String { folder.path + "/staging" }

  private func blobPath(_ digest: ContentDigest) -> String {
    "\(folder.path)/blobs/\(digest.hex.prefix(2))/\(digest.hex)"
  }

  private func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SplitMix(seed: seed)
    return generator.bytes(count)
  }

  @Test func `content is stored once under its digest and reads back`() throws {
    #expect(
      BlobStore.digest(of: Array("abc".utf8)).hex
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    for content in [[], [7], bytes(200_000)] {
      let digest = try store.put(content)
      #expect(digest == BlobStore.digest(of: content))
      #expect(try store.put(content) == digest)
      #expect(try store.contains(digest))
      #expect(try store.size(digest) == UInt64(content.count))
      #expect(try store.read(digest) == content)
    }
    #expect(folder.files().count == 3)
    let mode = try FileManager.default.attributesOfItem(atPath: folder.path + "/blobs")
    #expect(mode[.posixPermissions] as? Int == 0o700)
  }

  @Test func `a range is read where it lies and refused outside`() throws {
    let content = bytes(1_000)
    let digest = try store.put(content)
    #expect(try store.readRange(digest, offset: 0, count: 10) == Array(content[..<10]))
    #expect(try store.readRange(digest, offset: 990, count: 65_536) == Array(content[990...]))
    #expect(try store.readRange(digest, offset: 0, count: .max) == content)
    for (offset, count) in [(1_000, 1), (UInt64.max, 1), (0, 0), (0, -1)] as [(UInt64, Int)] {
      #expect(
        throws: StoreError.range(
          path: blobPath(digest), offset: offset, count: UInt64(clamping: count), size: 1_000)
      ) { try store.readRange(digest, offset: offset, count: count) }
    }
  }

  @Test func `a sweep removes what nothing needs and nothing else`() throws {
    let kept = try store.put(bytes(100, seed: 1))
    let orphan = try store.put(bytes(100, seed: 2))
    #expect(try store.sweep(keeping: [kept]) == 1)
    #expect(try store.contains(kept))
    #expect(try !store.contains(orphan))
    #expect(try store.sweep(keeping: [kept]) == 0)
  }

  @Test func `what is not stored is missing`() throws {
    let absent = digest(3)
    let missing = StoreError.missing(digest: absent.hex, path: blobPath(absent))
    #expect(try !store.contains(absent))
    #expect(throws: missing) { try store.read(absent) }
    #expect(throws: missing) { try store.size(absent) }
    #expect(throws: missing) { try store.readRange(absent, offset: 0, count: 1) }
    try store.remove(absent)
  }

  @Test func `damaged content is found when read and mended when put again`() throws {
    let content = bytes(100)
    let digest = try store.put(content)
    for damage in [Array(content.dropLast()), content + [0], bytes(100, seed: 2)] {
      try Data(damage).write(to: URL(filePath: blobPath(digest)))
      #expect(
        throws: StoreError.digestMismatch(
          path: blobPath(digest), expected: digest.hex, found: BlobStore.digest(of: damage).hex)
      ) { try store.read(digest) }
      #expect(try store.put(content) == digest)
      #expect(try store.read(digest) == content)
    }
    try store.remove(digest)
    #expect(try !store.contains(digest))
  }

  @Test func `an upload grows in order, is verified and becomes a blob`() throws {
    let content = bytes(100_000)
    let whole = BlobStore.digest(of: content)
    #expect(try store.uploadSize(key) == nil)
    #expect(throws: StoreError.self) { try store.append(key, at: 0, bytes: [1]) }
    #expect(throws: StoreError.self) { try store.take(key, expected: whole, size: 100_000) }
    try store.openUpload(key)
    try store.append(key, at: 0, bytes: Array(content[..<65_536]))
    try store.append(key, at: 0, bytes: Array(content[..<65_536]))
    let hole = #expect(throws: StoreError.self) { try store.append(key, at: 65_537, bytes: [1]) }
    guard case .range(_, 65_537, 1, 65_536) = hole else {
      Issue.record("\(String(describing: hole))")
      return
    }
    try store.append(key, at: 65_536, bytes: Array(content[65_536...]))
    let taken = try store.take(key, expected: whole, size: 100_000)
    #expect(try store.uploadSize(key) == nil)
    #expect(try !store.contains(whole))
    // What is sent anew meanwhile goes into a file of its own.
    try store.openUpload(key)
    try store.append(key, at: 0, bytes: [1, 2, 3])
    try store.keep(taken)
    #expect(try store.read(whole) == content)
    #expect(try store.uploadSize(key) == 3)
  }

  @Test func `an upload of other bytes than were announced goes`() throws {
    let content = bytes(1_000)
    func stage() throws {
      try store.openUpload(key)
      try store.append(key, at: 0, bytes: content)
    }
    try stage()
    let short = #expect(throws: StoreError.self) {
      try store.take(key, expected: BlobStore.digest(of: content), size: 1_001)
    }
    guard case .sizeMismatch(_, 1_001, 1_000) = short else {
      Issue.record("\(String(describing: short))")
      return
    }
    #expect(try store.uploadSize(key) == nil)
    try stage()
    let other = #expect(throws: StoreError.self) {
      try store.take(key, expected: digest(0), size: 1_000)
    }
    guard case .digestMismatch = other else {
      Issue.record("\(String(describing: other))")
      return
    }
    #expect(try store.uploadSize(key) == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: stagingFolder).isEmpty)
  }

  @Test func `an upload that was taken and is refused leaves nothing behind`() throws {
    let content = bytes(1_000)
    try store.openUpload(key)
    try store.append(key, at: 0, bytes: content)
    let whole = BlobStore.digest(of: content)
    store.discard(try store.take(key, expected: whole, size: 1_000))
    #expect(try !store.contains(whole))
    #expect(try FileManager.default.contentsOfDirectory(atPath: stagingFolder).isEmpty)
  }

  @Test func `an upload has a largest size`() throws {
    try store.openUpload(key)
    let limit = UInt64(Limits.updateBytesMax)
    for (offset, count) in [(0, Limits.updateBytesMax + 1), (limit, 1), (.max, 1)]
      as [(UInt64, Int)]
    {
      #expect(throws: StoreError.self) {
        try store.append(key, at: offset, bytes: [UInt8](repeating: 0, count: count))
      }
    }
    #expect(try store.uploadSize(key) == 0)
  }

  @Test func `uploads of different keys never share bytes and a restart drops them`() throws {
    let keys = [
      key, UploadKey(round: RoundKey(job: name("job.1"), round: 1, attempt: 1), node: name("a")),
      UploadKey(round: RoundKey(job: name("job"), round: 1, attempt: 1), node: name("1.a")),
      UploadKey(round: RoundKey(job: name("job"), round: 1, attempt: 2), node: name("a")),
    ]
    for (index, key) in keys.enumerated() {
      try store.openUpload(key)
      try store.append(key, at: 0, bytes: [UInt8](repeating: 1, count: index + 1))
    }
    #expect(try keys.map { try store.uploadSize($0) } == [1, 2, 3, 4])
    try store.openUpload(key)
    #expect(try store.uploadSize(key) == 0)
    try store.discard(key)
    try store.discard(key)
    #expect(try store.uploadSize(key) == nil)
    #expect(folder.files().count == 3)
    try Data([1]).write(to: folder.url.appending(path: "staging/half"))
    _ = try BlobStore(folder: folder.path)
    #expect(folder.files().isEmpty)
  }
}
