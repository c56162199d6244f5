import Foundation

/// A process's wall clock, set from outside while it runs; its monotonic clock stays true.
///
/// libfaketime answers the process in place of the C library: setting the machine's clock would
/// hit everything else on it, and a time namespace has no wall clock of its own.
struct FakeClock {
  private static let library = "/usr/lib/\(machine)-linux-gnu/faketime/libfaketime.so.1"
  private let file: URL

  #if arch(arm64)
    private static let machine = "aarch64"
  #else
    private static let machine = "x86_64"
  #endif

  private struct NotInstalled: Error, CustomStringConvertible {
    var description: String {
      "\(FakeClock.library) is missing: install the package faketime, or run `make chaos`"
    }
  }

  init(_ file: URL) throws {
    guard FileManager.default.fileExists(atPath: Self.library) else { throw NotInstalled() }
    self.file = file
    try set(aheadSeconds: 0)
  }

  /// What the process must be started with.
  var environment: [String: String] {
    [
      "LD_PRELOAD": Self.library, "FAKETIME_TIMESTAMP_FILE": file.path, "FAKETIME_NO_CACHE": "1",
      "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
    ]
  }

  func set(aheadSeconds: Int) throws {
    try Data("\(aheadSeconds < 0 ? "" : "+")\(aheadSeconds)\n".utf8).write(
      to: file, options: .atomic)
  }
}
