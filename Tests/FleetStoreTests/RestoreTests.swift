import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Testing

/// Restores: offline, all or nothing, and never over a state that is there.
@Suite struct RestoreTests {
  private func backup(_ bench: BackupBench) async throws -> String {
    try bench.file(try await BackupBench.bytes(of: try bench.backup()))
  }

  @Test func `a state that a process holds is not restored over`() async throws {
    let bench = try BackupBench()
    let file = try await backup(bench)
    let state = bench.folder.path + "/state"
    #expect(
      throws: StoreError.locked(folder: state, pid: ProcessInfo.processInfo.processIdentifier)
    ) { _ = try FleetRestore(file: file, folder: state) }
  }

  @Test func `a former state is put aside whole, and its epoch is passed`() async throws {
    let bench = try BackupBench()
    let file = try await backup(bench)
    let target = bench.folder.path + "/target"
    let other: ContentDigest
    do {
      let store = try FleetStore(folder: target)
      other = try BlobStore(folder: target).put([9, 9, 9])
      for _ in 1...4 { _ = try store.start() }
      try store.commit([.modelAdded(BackupBench.record(other, size: 3))])
    }
    try BackupBench.change(target, "UPDATE coordinator SET epoch = 3000000000")
    let restore = try FleetRestore(file: file, folder: target)
    #expect(try restore.isOccupied())
    let report = try restore.run(at: BackupBench.now)
    #expect(report.epoch == 3_000_000_000)
    let aside = try #require(report.aside)
    let former = try FleetStore(folder: aside)
    #expect(try former.load().models.keys.map(\.self) == [other])
    #expect(try BlobStore(folder: aside).read(other) == [9, 9, 9])
  }

  @Test func `a former state that cannot be read does not stop it`() async throws {
    let bench = try BackupBench()
    let file = try await backup(bench)
    let target = bench.folder.path + "/target"
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    let garbage = Data(repeating: 0x41, count: 9_000)
    try garbage.write(to: URL(filePath: target + "/fleet.sqlite"))
    let report = try FleetRestore(file: file, folder: target).run(at: BackupBench.now)
    #expect(report.unreadable != nil && report.epoch == 1_750_000_000)
    let aside = try #require(report.aside)
    #expect(try Data(contentsOf: URL(filePath: aside + "/fleet.sqlite")) == garbage)
    _ = try FleetStore(folder: target).start()
  }

  @Test func `an epoch that an agent is known to have seen is passed`() async throws {
    let bench = try BackupBench()
    let report = try FleetRestore(
      file: try await backup(bench), folder: bench.folder.path + "/target"
    ).run(epochMin: 4_000_000_000, at: BackupBench.now)
    #expect(report.epoch == 4_000_000_000)
  }

  @Test func `damage is found before anything is touched`() async throws {
    let bench = try BackupBench()
    let file = try await backup(bench)
    var bytes = try Data(contentsOf: URL(filePath: file))
    bytes[bytes.count / 2] ^= 4
    try bytes.write(to: URL(filePath: file))
    let target = bench.folder.path + "/target"
    let restore = try FleetRestore(file: file, folder: target)
    #expect(throws: StoreError.self) { _ = try restore.run(at: BackupBench.now) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: target) == ["lock"])
    let missing = bench.folder.path + "/nowhere"
    #expect(throws: StoreError.self) { _ = try FleetRestore.verify(missing) }
  }

  @Test func `a journal that is broken, and a row without its model, are found`() async throws {
    for (sql, word) in [
      (
        "DROP TRIGGER journal_kept; UPDATE journal SET detail = x'41' WHERE id = 1",
        "journal is broken at row 1"
      ),
      (
        "INSERT INTO boot_progress VALUES (9, 'nobody', x'00', 1)",
        "refer to nothing"
      ),
    ] {
      let bench = try BackupBench()
      try BackupBench.change(bench.folder.path + "/state", sql)
      let file = try await backup(bench)
      let target = bench.folder.path + "/target"
      let error = #expect(throws: StoreError.self) {
        _ = try FleetRestore(file: file, folder: target).run(at: BackupBench.now)
      }
      #expect(error?.description.contains(word) == true, "\(String(describing: error))")
      let names = try FileManager.default.contentsOfDirectory(atPath: target)
      #expect(!names.contains { $0.hasPrefix("fleet.sqlite") }, "\(names)")
    }
  }

  @Test func `a restore that died is done again`() async throws {
    let bench = try BackupBench()
    let file = try await backup(bench)
    let target = bench.folder.path + "/target"
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    for name in ["fleet.sqlite.restoring", "fleet.sqlite.restoring-wal", "fleet.sqlite-wal"] {
      try Data(repeating: 0x37, count: 5_000).write(to: URL(filePath: target + "/" + name))
    }
    // A coordinator that is started there now would be an empty fleet.
    let half = target + "/fleet.sqlite.restoring"
    #expect(throws: StoreError.halfRestored(path: half)) { _ = try FleetStore(folder: target) }
    _ = try FleetRestore(file: file, folder: target).run(at: BackupBench.now)
    #expect(try FleetStore(folder: target).load().nodes.count == 1)
    let names = try FileManager.default.contentsOfDirectory(atPath: target)
    #expect(!names.contains { $0.contains("restoring") })
  }

  @Test func `totals stay right over a restore, for counters are cumulative`() async throws {
    let bench = try BackupBench()
    let node = name("north")
    let price = digest(6)
    func store(_ store: FleetStore, _ windows: [WireTelemetryWindow], _ boot: [UInt8]) throws {
      try store.commit([
        .telemetryStored(node, boot: boot, windows: windows, at: BackupBench.now)
      ])
    }
    func counted(_ sequence: UInt64) -> WireTelemetryWindow {
      window(sequence, inferences: sequence * 10, counts: [sequence * 3, sequence], price: price)
    }
    try store(bench.store, [counted(1), counted(2)], boot)
    let file = try await backup(bench)
    // Told to the node as stored, and then lost with the state.
    try store(bench.store, [counted(3), counted(4), counted(5)], boot)
    let target = bench.folder.path + "/target"
    _ = try FleetRestore(file: file, folder: target).run(at: BackupBench.now)
    let restored = try FleetStore(folder: target)
    _ = try restored.start()
    let second = [UInt8](repeating: 0xB1, count: 16)
    try store(restored, [counted(6)], boot)
    try store(restored, [counted(3)], second)
    let totals = try #require(try restored.totals().first)
    #expect(totals.counters.inferences == 60 + 30)
    #expect(totals.counters.inferenceCounts == [18 + 9, 6 + 3])
    let windows = try restored.telemetry(node: node, limit: 10)
    #expect(windows.map(\.window.sequence) == [1, 2, 6, 3])
    #expect(windows[2].flags.contains(.gap))
  }
}

/// Facts of tar headers.
@Suite struct TarHeaderTests {
  @Test func `a header is read as it was written, of any size`() throws {
    for size in [0, 1, 511, 512, 1 << 33 - 1, 1 << 33, .max] as [UInt64] {
      let header = TarHeader(name: "blobs/ab-c_1.x", size: size)
      let block = header.encoded(atSeconds: 1_750_000_000)
      #expect(block.count == 512)
      #expect(TarHeader(block) == header)
    }
  }

  @Test func `a changed header, another kind of file and a name that leads away are refused`() {
    let block = TarHeader(name: "a", size: 5).encoded(atSeconds: 0)
    // After the end of the checksum nobody looks at the last byte of its field.
    for place in 0..<300 where place != 155 {
      var changed = block
      changed[place] ^= 1
      #expect(TarHeader(changed) == nil, "byte \(place)")
    }
    for name in ["../a", "/a", "a//b", "a/./b", ".a", "a/../../b", "a b", "a\\b", ""] {
      var forged = block
      for index in 0..<100 { forged[index] = 0 }
      for (index, byte) in name.utf8.enumerated() { forged[index] = byte }
      for index in 148..<156 { forged[index] = 0x20 }
      let sum = forged.reduce(0) { $0 + Int($1) }
      let digits = String(sum, radix: 8)
      let text = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
      for (index, byte) in text.utf8.enumerated() { forged[148 + index] = byte }
      #expect(TarHeader(forged) == nil, "\(name)")
    }
  }
}
