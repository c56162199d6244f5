import FleetCore
import FleetProtocol
import Foundation
import Testing

/// Holds the budgets on the protocol's page against the code.
@Suite struct BudgetPageTests {
  @Test func `the budgets on the page are the code's`() throws {
    let package = URL(filePath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(
      contentsOf: package.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
    let start = try #require(page.range(of: "<!-- budgets -->"))
    let end = try #require(page.range(of: "<!-- /budgets -->"))
    let rows = page[start.upperBound..<end.lowerBound].split(separator: "\n").dropFirst(2)
    let found = rows.map { row in
      row.split(separator: "|").compactMap {
        UInt64($0.trimmingCharacters(in: .whitespaces))
      }
    }
    let limits = TrafficLimits()
    let rates = [limits.messages, limits.bytes, limits.reports, limits.greetings]
    #expect(found == rates.map { [$0.perSecond, $0.burst] })
    #expect(page.contains("at most 32 MiB (33,554,432 bytes)"))
    #expect(limits.bulkBytesMax == 33_554_432)
    #expect(page.contains("answers the node's HELLO with BUSY for 30 s"))
    #expect(limits.quarantineMilliseconds == 30_000)
    #expect(page.contains("What has not moved for 4 s does not count"))
    #expect(limits.bulkStaleMilliseconds == 4_000)
    #expect(page.contains("The newest version is \(Limits.protocolVersion);"))
  }
}
