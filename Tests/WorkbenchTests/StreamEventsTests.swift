import SpikingNetwork
import Testing
import Workbench

/// A stream's events are read whole, or refused with the line and the field.
@Suite struct StreamEventsTests {
  private func parse(_ lines: String...) throws(ConfigurationError) -> StreamEvents {
    try StreamEvents(
      parsing: (["sample,kind,value"] + lines).joined(separator: "\n") + "\n", file: "events.csv",
      count: 3)
  }

  @Test func `labels, rewards and classes come to their samples`() throws {
    let events = try parse("2,label,7", "0,reward,-0.5", "1,assign,3", "2,reward,1")
    #expect(events.labels == [nil, nil, 7])
    #expect(events.rewards == [-0.5, nil, 1])
    #expect(events.assignments == [nil, 3, nil])
  }

  @Test func `no event is no label`() throws {
    #expect(try parse().labels == [nil, nil, nil])
  }

  @Test(arguments: [
    ("3,label,1", "sample", "`3`"), ("-1,label,1", "sample", "`-1`"),
    ("x,label,1", "sample", "`x`"),
    ("0,colour,1", "kind", "`colour`"), ("0,label,256", "value", "`256`"),
    ("0,label,1.5", "value", "`1.5`"), ("0,reward,1.01", "value", "`1.01`"),
    ("0,reward,nan", "value", "`nan`"), ("0,assign,", "value", "``"), ("0,label", "", "2 fields"),
    ("0,label,1,2", "", "4 fields"),
  ])
  func `a line that is none is refused with its field`(
    line: String, field: String, found: String
  ) throws {
    let error = #expect(throws: ConfigurationError.self) { try parse("1,label,0", line) }
    #expect(error?.file == "events.csv, line 3")
    #expect(error?.key == field)
    #expect(error?.found == found)
  }

  @Test func `a second label of a sample and another header are refused`() {
    let second = #expect(throws: ConfigurationError.self) { try parse("1,label,0", "1,label,0") }
    #expect(second?.found == "a second label of sample 1")
    let header = #expect(throws: ConfigurationError.self) {
      try StreamEvents(parsing: "ordinal,kind,value\n", file: "events.csv", count: 3)
    }
    #expect(header?.file == "events.csv, line 1")
  }
}
