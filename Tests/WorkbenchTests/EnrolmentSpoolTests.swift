import FleetCore
import Foundation
import Testing
import Workbench

/// The folder between the enrolment process and the coordinator.
@Suite struct EnrolmentSpoolTests {
  private func request(_ number: Int) -> EnrolmentRequest {
    EnrolmentRequest(
      tokenHash: String(repeating: "0a", count: 32),
      publicKey: String(repeating: "k", count: 40), node: "n\(number)")
  }

  private func withSpool(_ body: (EnrolmentSpool) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-spool-\(UUID().uuidString.lowercased())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(EnrolmentSpool(path: folder.path))
  }

  @Test func `what was left waits until it is removed`() throws {
    try withSpool { spool in
      #expect(spool.waiting().isEmpty, "no folder yet")
      // The second is the same file as the first.
      let left = [
        try spool.leave(request(1)), try spool.leave(request(1)), try spool.leave(request(2)),
      ]
      #expect(left == [true, true, true])
      for _ in 1...2 {
        #expect(spool.waiting().compactMap { $0.request?.node }.sorted() == ["n1", "n2"])
      }
      for entry in spool.waiting() { spool.remove(entry) }
      #expect(spool.waiting().isEmpty)
    }
  }

  @Test func `the folder's group may read what was left and remove it, others nothing`() throws {
    func mode(_ path: String) throws -> Int? {
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      return (attributes[.posixPermissions] as? NSNumber)?.intValue
    }
    try withSpool { spool in
      _ = try spool.leave(request(1))
      let file = try #require(spool.waiting().first?.file)
      #expect(try mode(spool.path) == 0o770 && mode(file) == 0o640)
      // Left by a process that died before it could say who may read it.
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
      #expect(spool.waiting().map { $0.request?.node } == ["n1"])
      _ = try spool.leave(request(1))
      #expect(try mode(file) == 0o640)
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
      #expect(spool.waiting().map { $0.request?.node } == [nil])
    }
  }

  @Test func `only so many requests wait`() throws {
    try withSpool { spool in
      var left = 0
      for number in 0..<(EnrolmentSpool.requestsMax + 9) where try spool.leave(request(number)) {
        left += 1
      }
      #expect(left == EnrolmentSpool.requestsMax)
      let waiting = spool.waiting()
      #expect(waiting.count == EnrolmentSpool.requestsMax)
      spool.remove(waiting[0])
      let isTaken = try spool.leave(request(9_999))
      #expect(isTaken)
    }
  }

  @Test func `what cannot be read now is left alone`() throws {
    try withSpool { spool in
      _ = try spool.leave(request(1))
      try FileManager.default.createSymbolicLink(
        atPath: spool.path + "/0.request", withDestinationPath: "nowhere")
      #expect(spool.waiting().map { $0.request?.node } == ["n1"])
    }
  }

  @Test func `what is no request is named, and stops nothing`() throws {
    try withSpool { spool in
      _ = try spool.leave(request(1))
      let junk = URL(filePath: spool.path + "/0.request")
      try Data("{".utf8).write(to: junk)
      let waiting = spool.waiting()
      #expect(waiting.map { $0.request?.node } == [nil, "n1"])
      #expect(waiting.first?.file == junk.path)
    }
  }
}
