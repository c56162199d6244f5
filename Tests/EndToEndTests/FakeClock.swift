import Foundation

/// A process's wall clock, set from outside while it runs; its monotonic clock stays true.
///
/// A preloaded library answers the process in place of the C library: setting the machine's clock
/// would hit everything else on it, and a time namespace has no wall clock of its own.
struct FakeClock {
  private let library: URL
  private let file: URL

  private struct NotCompiled: Error, CustomStringConvertible {
    var detail: String

    var description: String {
      "compiling Tests/WallClock/wall_clock.c: \(detail); it needs the clang of the Swift toolchain"
    }
  }

  /// Compiles the library into a folder, which is made, and starts with the right time.
  init(_ folder: URL) throws {
    library = folder.appending(path: "wall_clock.so")
    file = folder.appending(path: "ahead")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "WallClock/wall_clock.c")
    let outcome = try Programs.run(
      "/usr/bin/env",
      [
        "clang", "-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-o",
        library.path, source.path,
      ])
    guard outcome.status == 0 else { throw NotCompiled(detail: outcome.errors) }
    try Data(count: MemoryLayout<Int64>.size).write(to: file)
  }

  /// What the process must be started with.
  var environment: [String: String] {
    ["LD_PRELOAD": library.path, "WALL_CLOCK_FILE": file.path]
  }

  /// Moves the clock of everyone who runs with it, who have the file mapped.
  func set(aheadSeconds: Int) throws {
    let handle = try FileHandle(forWritingTo: file)
    defer { try? handle.close() }
    try handle.write(contentsOf: withUnsafeBytes(of: Int64(aheadSeconds)) { Data($0) })
  }
}
