import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import GRDB
import Testing

@Suite struct FleetStoreTests {
  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func `what is loaded equals the state with the same changes applied`(seed: UInt64) throws {
    let store = try FleetStore.inMemory()
    var state = try store.start()
    var source = FleetChangeSource(seed: seed)
    for turn in 0..<200 {
      let changes = source.transaction(on: state)
      try store.commit(changes)
      state.apply(changes)
      if turn.isMultiple(of: 10) || turn == 199 {
        try #require(try store.load() == state, "seed \(seed), turn \(turn): \(changes)")
      }
    }
    #expect(state.rounds.values.contains { if case .committed = $0.state { true } else { false } })
    #expect(state.nodes.values.contains { $0.boots.count == NodeRecord.bootsMax })
  }

  @Test func `everything is there again after a reopen and the epoch rises at each start`() throws {
    let folder = try TemporaryFolder()
    var source = FleetChangeSource(seed: 7)
    var before: FleetState?
    for start in 1...4 as ClosedRange<UInt64> {
      let store = try FleetStore(folder: folder.path)
      if let before { #expect(try store.load() == before) }
      var state = try store.start()
      #expect(state.epoch == start)
      #expect(state.lastGeneration == 0)
      if var expected = before {
        expected.epoch = start
        expected.lastGeneration = 0
        #expect(state == expected)
      }
      for _ in 0..<40 {
        let changes = source.transaction(on: state)
        try store.commit(changes)
        state.apply(changes)
      }
      before = state
    }
  }

  @Test func `every commit waits for the disk`() throws {
    let full = StoreDurability(journal: "wal", synchronous: 2, foreignKeys: true)
    let folders = (try TemporaryFolder(), try TemporaryFolder())
    #expect(try FleetStore(folder: folders.0.path).durability() == full)
    #expect(try AgentStore(folder: folders.1.path).durability() == full)
  }

  @Test func `a second opener is told who has the folder`() throws {
    let folder = try TemporaryFolder()
    var store: FleetStore? = try FleetStore(folder: folder.path)
    _ = try store?.start()
    let locked = StoreError.locked(
      folder: folder.path, pid: ProcessInfo.processInfo.processIdentifier)
    #expect(throws: locked) { _ = try FleetStore(folder: folder.path) }
    #expect(throws: locked) { _ = try AgentStore(folder: folder.path) }
    #expect(locked.description.contains("\(ProcessInfo.processInfo.processIdentifier)"))
    store = nil
    _ = try FleetStore(folder: folder.path)
  }

  @Test func `an empty transaction is free and a refused one leaves nothing`() throws {
    let store = try FleetStore.inMemory()
    let state = try store.start()
    try store.commit([])
    let node = NodeRecord(id: name("a"), publicKey: "k", acceptedAt: Instant(microseconds: 1))
    let error = #expect(throws: StoreError.self) {
      try store.commit([.nodeAccepted(node), .nodeChip(name("b"), chip: "x")])
    }
    #expect(error == .refused(change: "nodeChip", rule: "unknown node b"))
    #expect(try store.load() == state)
  }

  @Test func `a full database keeps nothing of the transaction and goes on`() throws {
    let folder = try TemporaryFolder()
    let store = try FleetStore(folder: folder.path, pagesMax: 64)
    var state = try store.start()
    var filled = false
    for number in 0..<200 where !filled {
      let changes: [FleetChange] = [
        .nodeAccepted(
          NodeRecord(
            id: name("n\(number)"), publicKey: "k\(number)", acceptedAt: Instant(microseconds: 0))),
        .event(
          FleetEvent(
            at: Instant(microseconds: 0), kind: "k", subject: "",
            detail: String(repeating: "x", count: 5_000))),
      ]
      do throws(StoreError) {
        try store.commit(changes)
        state.apply(changes)
      } catch {
        #expect(error == .full(path: folder.path + "/fleet.sqlite"))
        #expect(error.description.contains("free space"))
        filled = true
      }
    }
    #expect(filled)
    #expect(try store.load() == state)
    let first = name("n0")
    try store.commit([.nodeChip(first, chip: "loihi-learn")])
    state.apply(.nodeChip(first, chip: "loihi-learn"))
    #expect(try store.load() == state)
    #expect(throws: StoreError.full(path: folder.path + "/again/fleet.sqlite")) {
      _ = try FleetStore(folder: folder.path + "/again", pagesMax: 4)
    }
  }

  @Test func `a folder that cannot be written is an error that names it`() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "file")
    try Data().write(to: file)
    let error = #expect(throws: StoreError.self) { _ = try FleetStore(folder: file.path) }
    guard case .file(file.path, _, ENOTDIR, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.contains("not read-only") == true)
    let closed = folder.url.appending(path: "closed")
    try FileManager.default.createDirectory(at: closed, withIntermediateDirectories: true)
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: closed.path)
    Unprivileged.run {
      let error = #expect(throws: StoreError.self) { _ = try FleetStore(folder: closed.path) }
      guard case .file(closed.path + "/lock", _, EACCES, _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func `a file of another program is not touched`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/fleet.sqlite"
    let text = Data(String(repeating: "not a database ", count: 300).utf8)
    try text.write(to: URL(filePath: path))
    #expect(
      throws: StoreError.notADatabase(path: path, found: "a file that is not SQLite")
    ) { _ = try FleetStore(folder: folder.path) }
    #expect(try Data(contentsOf: URL(filePath: path)) == text)
    try FileManager.default.removeItem(atPath: path)
    try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE t (a)") }
    #expect(
      throws: StoreError.notADatabase(
        path: path, found: "a SQLite file with application id 0")
    ) { _ = try FleetStore(folder: folder.path) }
    _ = try AgentStore(folder: folder.path)
  }

  @Test func `an agent's database and a newer build's are refused`() throws {
    let folder = try TemporaryFolder()
    _ = try AgentStore(folder: folder.path)
    try FileManager.default.moveItem(
      atPath: folder.path + "/agent.sqlite", toPath: folder.path + "/fleet.sqlite")
    #expect(throws: StoreError.self) { _ = try FleetStore(folder: folder.path) }
    let newer = try TemporaryFolder()
    _ = try FleetStore(folder: newer.path)
    let path = newer.path + "/fleet.sqlite"
    try DatabaseQueue(path: path).write {
      try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9-later')")
    }
    #expect(throws: StoreError.newerSchema(path: path, unknown: ["9-later"])) {
      _ = try FleetStore(folder: newer.path)
    }
  }

  @Test func `the log keeps its order and its positions`() throws {
    let store = try FleetStore.inMemory()
    _ = try store.start()
    let events = (0..<5).map {
      FleetEvent(
        at: Instant(microseconds: Int64(9 - $0)), kind: "k\($0)", subject: "s\0", detail: "é")
    }
    try store.commit(events.map { .event($0) })
    #expect(try store.events(limit: 10).map(\.event) == events)
    #expect(try store.events(after: 2, limit: 2).map(\.event) == Array(events[2...3]))
    #expect(try store.events(limit: 0).isEmpty)
  }
}

/// Runs code on this thread without root's right to pass over file permissions.
enum Unprivileged {
  static func run(_ body: () -> Void) {
    guard geteuid() == 0 else { return body() }
    typealias Call = @convention(c) (UInt32) -> Int32
    guard let symbol = dlsym(nil, "setfsuid") else {
      Issue.record("no setfsuid in this C library")
      return
    }
    let setFileSystemUser = unsafeBitCast(symbol, to: Call.self)
    _ = setFileSystemUser(65_534)
    defer { _ = setFileSystemUser(0) }
    body()
  }
}
