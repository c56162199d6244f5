import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Synchronization

/// What transactions wait for while a backup of a large database is made.
enum BackupCases {
  private static let nodes = 64
  private static let boot = [UInt8](repeating: 7, count: 16)
  private static let start = Instant(microseconds: 1_790_000_000_000_000)
  /// Windows of one node in one transaction while the database is filled.
  private static let fillWindows = 500
  private static let databaseBytes = 128 << 20
  /// Bytes of telemetry among them: packing more of it would take minutes.
  private static let telemetryBytes = 8 << 20

  /// The longest transaction while a backup is under way, of 64 nodes' windows each, one after the
  /// other without a pause.
  static func pause(_ context: BenchContext) throws -> BenchResult {
    let recording = try TelemetryRecording.read(context.recording)
    let folder = try BenchFolder()
    let store = try FleetStore(folder: folder.path)
    let blobs = try BlobStore(folder: folder.path)
    let names = (0..<nodes).compactMap { Identifier("node-\($0)") }
    _ = try store.start()
    try store.commit(
      names.map {
        .nodeAccepted(NodeRecord(id: $0, publicKey: "key of \($0)", acceptedAt: start))
      })
    var next = try fill(store, names, recording, folder)
    var (pauses, quiet, seconds): ([Double], [Double], [Double]) = ([], [], [])
    var transactions = 0
    for _ in 0..<context.runs {
      let begun = DispatchTime.now().uptimeNanoseconds
      let made = try waits(store, names, recording, &next) { isOver in
        let thread = Thread {
          do {
            _ = try FleetBackup(of: store, blobs, madeBy: "bench", at: start)
            isOver.note(.success(()))
          } catch {
            isOver.note(.failure(error))
          }
        }
        thread.start()
      }
      let took = Double(DispatchTime.now().uptimeNanoseconds - begun) * 1e-9
      pauses.append(made.max() ?? 0)
      seconds.append(took)
      transactions += made.count
      let without = try waits(store, names, recording, &next) { isOver in
        let thread = Thread {
          Thread.sleep(forTimeInterval: took)
          isOver.note(.success(()))
        }
        thread.start()
      }
      quiet.append(without.max() ?? 0)
    }
    return BenchResult(
      values: pauses.map { $0 * 1_000 },
      facts: [
        ("database_bytes", "\(folder.bytes())"),
        ("backup_seconds", BenchResult.number(BenchResult(values: seconds).median)),
        ("transactions", "\(transactions)"),
        ("without_backup", BenchResult.number(BenchResult(values: quiet).median * 1_000)),
      ])
  }

  /// Telemetry, and then rows of the journal, up to the size; returns the first node's next window.
  ///
  /// To a copy one page is like another.
  private static func fill(
    _ store: FleetStore, _ names: [Identifier], _ recording: TelemetryRecording,
    _ folder: BenchFolder
  ) throws -> Int {
    var next = 1
    while folder.bytes() < telemetryBytes {
      for (index, name) in names.enumerated() {
        let windows = (next..<next + fillWindows).map { recording.window($0, of: index) }
        try store.commit([.telemetryStored(name, boot: boot, windows: windows, at: start)])
      }
      next += fillWindows
    }
    // Blocks of telemetry are packed when they are full: in a fleet not all at once.
    for (index, name) in names.enumerated().dropFirst() {
      let windows = (next..<next + index).map { recording.window($0, of: index) }
      try store.commit([.telemetryStored(name, boot: boot, windows: windows, at: start)])
    }
    let row = FleetChange.event(
      FleetEvent(
        at: start, kind: "filler", subject: "", detail: String(repeating: "x", count: 3_900)))
    while folder.bytes() < databaseBytes {
      try store.commit(Array(repeating: row, count: 500))
    }
    return next
  }

  /// Seconds that each transaction took until what `begin` has started is over.
  private static func waits(
    _ store: FleetStore, _ names: [Identifier], _ recording: TelemetryRecording,
    _ next: inout Int, _ begin: (BackupEnd) -> Void
  ) throws -> [Double] {
    let end = BackupEnd()
    begin(end)
    var waits: [Double] = []
    while true {
      if try end.outcome() != nil { return waits }
      let number = next
      let changes = names.enumerated().map { index, name in
        FleetChange.telemetryStored(
          name, boot: boot, windows: [recording.window(number + index, of: index)], at: start)
      }
      let before = DispatchTime.now().uptimeNanoseconds
      try store.commit(changes)
      waits.append(Double(DispatchTime.now().uptimeNanoseconds - before) * 1e-9)
      next += 1
    }
  }
}

/// How something ended that runs on a thread of its own; nil before.
private final class BackupEnd: Sendable {
  private let result = Mutex<Result<Void, any Error>?>(nil)

  /// Nil while it goes on; throws where it failed.
  func outcome() throws -> Void? { try result.withLock { $0 }?.get() }

  func note(_ outcome: Result<Void, any Error>) { result.withLock { $0 = outcome } }
}
