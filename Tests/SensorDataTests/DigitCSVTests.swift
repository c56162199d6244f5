import SensorData
import SpikingNetwork
import Testing

@Suite struct DigitCSVTests {
  private let dark = [String](repeating: "0", count: 783)

  private func text(_ lines: [[String]]) -> [UInt8] {
    Array(lines.map { $0.joined(separator: ",") }.joined(separator: "\n").utf8)
  }

  private func error(_ bytes: [UInt8]) -> String {
    do throws(SensorDataError) {
      _ = try DigitCSV.parse(bytes, file: "digits.csv")
      return ""
    } catch {
      return error.description
    }
  }

  @Test func `a line is 784 intensities and a label`() throws {
    let lines = text([["17"] + dark + ["3"], dark + ["255", "9"]])
    for bytes in [lines, lines + Array("\n".utf8)] {
      let digits = try DigitCSV.parse(bytes, file: "digits.csv")
      #expect(digits.count == 2)
      #expect(digits.labels == [3, 9])
      #expect(digits.ids == [0, 1])
      #expect(digits[0].intensities == [17] + [UInt8](repeating: 0, count: 783))
      #expect(digits[1].intensities == [UInt8](repeating: 0, count: 783) + [255])
    }
  }

  @Test func `every truncation is an error`() throws {
    let line = text([dark + ["1", "2"]])
    for length in 0..<line.count {
      #expect(error(Array(line[..<length])) != "", "\(length) bytes")
    }
  }

  @Test func `errors name file, line and column`() {
    let good = dark + ["1", "2"]
    #expect(error(text([good, ["256"] + good])).hasPrefix("digits.csv: line 2, column 1 is 256"))
    #expect(error(text([["-1"] + good])).hasPrefix("digits.csv: line 1, column 1 is the byte 45"))
    #expect(
      error(text([good, ["1", ""] + good])).hasPrefix("digits.csv: line 2, column 2 is empty"))
    #expect(error(text([good + ["2"]])).contains("expected 785 numbers on a line"))
    #expect(error(text([dark + ["1", "10"]])).contains("column 785 is 10"))
    #expect(error(text([good, [], good])).contains("line 2, column 1 is empty"))
    #expect(error(text([["99999999999999999999999"] + good])).contains("is 999,"))
  }
}
