import CZlib
import Foundation

/// Reads files that may be compressed with gzip; plain files pass as they are.
package enum InflatedFile {
  /// Most bytes of content that are read: an IDX array and its header.
  package static let contentMax = IDXArray.payloadMax + 4 + 4 * IDXArray.dimensionsMax

  /// The content of the file at `path`, inflated; throws for what is damaged or cut short.
  package static func read(
    _ path: String, contentMax: Int = contentMax
  ) throws(SensorDataError) -> [UInt8] {
    guard let file = gzopen(path, "rb") else {
      throw SensorDataError(
        .unreadable, place: path, field: "file", found: systemError().lowercased(),
        expected: "a readable file", cure: "name a file that exists and that this user may read")
    }
    _ = gzbuffer(file, 1 << 17)
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    var failure: SensorDataError?
    while failure == nil {
      let count = Int(gzread(file, &buffer, UInt32(buffer.count)))
      if count < 0 {
        failure = damaged(path, after: content.count, message(of: file))
      } else if content.count + count > contentMax {
        failure = SensorDataError(
          .malformed, place: path, field: "content", found: "more than \(contentMax) bytes",
          expected: "at most \(contentMax)", cure: "check that this is the right file")
      } else if count == 0 {
        break
      } else {
        content += buffer[..<count]
      }
    }
    // A stream that is cut short shows only here: the read above ends as at a file's end.
    let closed = gzclose(file)
    if let failure { throw failure }
    guard closed == Z_OK else {
      throw damaged(path, after: content.count, "cut short")
    }
    return content
  }

  private static func damaged(
    _ path: String, after count: Int, _ reason: String
  ) -> SensorDataError {
    SensorDataError(
      .malformed, place: path, field: "content", found: "\(reason) after \(count) bytes",
      expected: "a whole gzip or plain file", cure: "replace the file")
  }

  private static func message(of file: gzFile) -> String {
    var code: Int32 = 0
    guard let text = gzerror(file, &code) else { return "zlib error \(code)" }
    return code == Z_ERRNO ? systemError() : String(cString: text)
  }

  private static func systemError() -> String { String(cString: strerror(errno)) }
}
