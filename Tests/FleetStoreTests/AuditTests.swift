import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import GRDB
import Testing

/// The audit's chain of hashes, in the store and against a hand that changes it.
@Suite struct AuditTests {
  private func entry(_ number: Int) -> AuditEntry {
    AuditEntry(
      at: Instant(microseconds: Int64(number)), actor: "admin", requestID: "r\(number)",
      action: "cordon n\(number)", outcome: "done")
  }

  @Test func `each row's hash covers the row before it`() throws {
    let store = try FleetStore.inMemory()
    _ = try store.start()
    for number in 1...3 { try store.commit([.audited(entry(number))]) }
    var previous = AuditEntry.origin
    let rows = try store.audit(after: 0, limit: 10)
    #expect(rows.map(\.id) == [1, 2, 3])
    for row in rows {
      previous = row.entry.hash(after: previous)
      #expect(row.hash == previous)
    }
    #expect(try store.audit(after: 2, limit: 10).map(\.entry) == [entry(3)])
  }

  @Test func `requirement 22: a row is there exactly when its change is`() throws {
    let store = try FleetStore.inMemory()
    _ = try store.start()
    #expect(throws: StoreError.self) {
      try store.commit([.audited(entry(1)), .nodeChip(name("nobody"), chip: "x")])
    }
    #expect(try store.audit(after: 0, limit: 10).isEmpty)
  }

  @Test func `no row changes or goes`() throws {
    let folder = try TemporaryFolder()
    do {
      let store = try FleetStore(folder: folder.path)
      _ = try store.start()
      try store.commit([.audited(entry(1))])
    }
    let queue = try DatabaseQueue(path: folder.path + "/fleet.sqlite")
    for sql in ["UPDATE audit SET action = x'00'", "DELETE FROM audit"] {
      #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: sql) } }
    }
  }

  @Test func `no text can stand for another one's`() {
    let one = AuditEntry(
      at: Instant(microseconds: 1), actor: "ab", requestID: "c", action: "", outcome: "")
    let other = AuditEntry(
      at: Instant(microseconds: 1), actor: "a", requestID: "bc", action: "", outcome: "")
    #expect(one.hash(after: AuditEntry.origin) != other.hash(after: AuditEntry.origin))
  }
}
