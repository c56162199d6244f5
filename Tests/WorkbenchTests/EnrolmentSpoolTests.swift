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

  @Test func `what was left is taken once`() throws {
    try withSpool { spool in
      #expect(spool.take().isEmpty, "no folder yet")
      #expect(try spool.leave(request(1)))
      #expect(try spool.leave(request(1)), "a repeat is the same file")
      #expect(try spool.leave(request(2)))
      #expect(spool.take().map(\.node).sorted() == ["n1", "n2"])
      #expect(spool.take().isEmpty)
    }
  }

  @Test func `only so many requests wait`() throws {
    try withSpool { spool in
      for number in 0..<EnrolmentSpool.requestsMax { #expect(try spool.leave(request(number))) }
      #expect(try !spool.leave(request(9_999)))
      #expect(spool.take().count == EnrolmentSpool.requestsMax)
      #expect(try spool.leave(request(9_999)))
    }
  }

  @Test func `what is no request goes, and stops nothing`() throws {
    try withSpool { spool in
      #expect(try spool.leave(request(1)))
      let junk = URL(filePath: spool.path + "/0.request")
      try Data("{".utf8).write(to: junk)
      #expect(spool.take().map(\.node) == ["n1"])
      #expect(!FileManager.default.fileExists(atPath: junk.path))
    }
  }
}
