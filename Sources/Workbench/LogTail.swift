internal import Synchronization

/// The newest lines of a daemon's log, in memory: what an operator may fetch from afar.
package final class LogTail: Sendable {
  /// Lines kept.
  package static let linesMax = 500
  /// Bytes kept of one line.
  package static let lineBytesMax = 512

  private let lines = Mutex<[String]>([])

  /// A tail without a line.
  package init() {}

  /// Keeps a line as it was written.
  func note(_ line: [UInt8]) {
    let text = String(decoding: line.prefix(Self.lineBytesMax), as: UTF8.self)
      .trimmingSuffix { $0.isNewline || $0 == "\u{FFFD}" }
    lines.withLock { lines in
      if lines.count == Self.linesMax { lines.removeFirst() }
      lines.append(String(text))
    }
  }

  /// The newest lines within both limits, oldest first.
  package func newest(_ count: Int, bytesMax: Int) -> [String] {
    lines.withLock { lines in
      var bytes = 0
      // Three bytes hold the tag and the length of a row on the wire.
      let kept = lines.suffix(max(0, count)).reversed().prefix { line in
        bytes += line.utf8.count + 3
        return bytes <= bytesMax
      }
      return kept.reversed()
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(_ isTrimmed: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, isTrimmed(last) { rest.removeLast() }
    return rest
  }
}
