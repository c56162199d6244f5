import Accelerator
import FleetCore
import FleetProtocol
import FleetStore
import Foundation

/// Telemetry through the coordinator's core into a real database that commits with FULL.
enum TelemetryCases {
  private static let start: Int64 = 1_790_000_000_000_000

  /// Live traffic: every node sends one window a message; values stored in a second of wall time.
  static func samplesPerSecond(_ context: BenchContext) throws -> BenchResult {
    let rounds = 8
    var rates: [Double] = []
    var waits: [Double] = []
    var busy: [Double] = []
    for _ in 0..<context.runs {
      let folder = try BenchFolder()
      var fleet = try TelemetryFleet(folder: folder.path, nodes: 2_048, at: start)
      let recording = try TelemetryRecording.read(context.recording)
      for round in 1...rounds {
        let traffic = fleet.traffic(of: recording, round: round)
        let before = DispatchTime.now().uptimeNanoseconds
        let busyBefore = Meter.threadSeconds()
        let took = try fleet.deliver(traffic)
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - before) * 1e-9
        if round > 1 {
          rates.append(Double(traffic.samples) / seconds)
          busy.append(Double(traffic.samples) / (Meter.threadSeconds() - busyBefore))
          waits += took
        }
      }
    }
    waits.sort()
    return BenchResult(
      values: rates,
      facts: [
        ("nodes", "2048"), ("windows_per_message", "1"),
        ("samples_per_cpu_second", BenchResult.number(BenchResult(values: busy).median)),
        ("ack_p50_seconds", BenchResult.number(waits[waits.count / 2])),
        ("ack_p99_seconds", BenchResult.number(waits[waits.count * 99 / 100])),
      ])
  }

  /// An hour of 24 nodes, the recording gone on with over and over, one window a message: bytes of
  /// all database files for each value stored, with all tiers and indexes.
  static func bytesPerSample(_ context: BenchContext) throws -> BenchResult {
    let recording = try TelemetryRecording.read(context.recording)
    let folder = try BenchFolder()
    var fleet: TelemetryFleet? = try TelemetryFleet(
      folder: folder.path, nodes: 24, at: start)
    let span = 3_600 * UInt64(1_000_000)
    var (samples, round) = (0, 1)
    while recording.elapsed(round) < span, var current = fleet {
      let traffic = current.traffic(of: recording, round: round)
      _ = try current.deliver(traffic)
      samples += traffic.samples
      round += 1
      fleet = current
    }
    // Closed, so that the log is part of the file.
    fleet = nil
    let bytes = folder.bytes()
    return BenchResult(
      values: [Double(bytes) / Double(samples)],
      facts: [
        ("bytes", "\(bytes)"), ("samples", "\(samples)"), ("nodes", "24"),
        ("recorded_windows", "\(recording.nodes.reduce(0) { $0 + $1.count })"),
        ("windows", "\((round - 1) * 24)"),
      ])
  }
}

/// A folder that goes when the value does.
final class BenchFolder: Sendable {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appending(path: "spikefleet-bench-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Bytes of all files in it.
  func bytes() -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.reduce(0) { sum, name in
      let facts = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
      return sum + (facts?[.size] as? Int ?? 0)
    }
  }
}

/// Windows that agents of the demo reported, as they were stored.
struct TelemetryRecording {
  /// Windows of each node, at least two, in order.
  let nodes: [[WireTelemetryWindow]]

  /// Reads packed blocks, each after its length in four bytes; one whose windows do not follow on
  /// begins another node.
  static func read(_ path: String) throws -> TelemetryRecording {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw BenchError(
        "\(path): no recorded telemetry; run this in the repository's folder or name it with "
          + "--recording")
    }
    var rest = [UInt8](data)[...]
    var nodes: [[WireTelemetryWindow]] = []
    while rest.count >= 4 {
      let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(4)
      guard let block = TelemetryBlock.decode(Array(rest.prefix(length))),
        let first = block.first
      else { throw BenchError("\(path): found a block that does not read back") }
      let windows = block.map(\.window)
      if let last = nodes.last?.last, last.sequence < first.window.sequence {
        nodes[nodes.count - 1] += windows
      } else {
        nodes.append(windows)
      }
      rest = rest.dropFirst(length)
    }
    guard !nodes.isEmpty, nodes.allSatisfy({ $0.count > 1 }) else {
      throw BenchError("\(path): expected at least two windows of each node")
    }
    return TelemetryRecording(nodes: nodes)
  }

  /// Time from the first window of the first node to its window of that number, from 1.
  func elapsed(_ number: Int) -> UInt64 { at(number, nodes[0]) - nodes[0][0].atUs }

  private func at(_ number: Int, _ windows: [WireTelemetryWindow]) -> UInt64 {
    let (turns, index) = (number - 1).quotientAndRemainder(dividingBy: windows.count - 1)
    let period = windows[windows.count - 1].atUs - windows[0].atUs
    return windows[index].atUs + UInt64(turns) * period
  }

  /// The window of that number, from 1: after its end the recording goes on with the same steps.
  func window(_ number: Int, of node: Int) -> WireTelemetryWindow {
    let windows = nodes[node % nodes.count]
    let (turns, index) = (number - 1).quotientAndRemainder(dividingBy: windows.count - 1)
    let (first, last) = (windows[0], windows[windows.count - 1])
    var window = windows[index]
    let factor = UInt64(turns)
    let counters: [WritableKeyPath<WireTelemetryWindow, UInt64>] = [
      \.inferences, \.labelled, \.correct, \.learningSamples, \.learningCorrect, \.chipTimeUs,
      \.busyTimeUs, \.cpuTimeUs, \.sentBytes, \.receivedBytes,
    ]
    for path in counters {
      window[keyPath: path] += factor * (last[keyPath: path] - first[keyPath: path])
    }
    guard factor > 0 else { return placed(window, number, windows) }
    for path in [\WireTelemetryWindow.inferenceCounts, \.learningCounts] {
      // A node without a model counts nothing yet, not even zeros.
      let (start, end) = (first[keyPath: path], last[keyPath: path])
      var counts = window[keyPath: path]
      counts += [UInt64](repeating: 0, count: max(0, end.count - counts.count))
      for kind in end.indices {
        counts[kind] += factor * (end[kind] - (kind < start.count ? start[kind] : 0))
      }
      window[keyPath: path] = counts
    }
    return placed(window, number, windows)
  }

  private func placed(
    _ window: WireTelemetryWindow, _ number: Int, _ windows: [WireTelemetryWindow]
  ) -> WireTelemetryWindow {
    var window = window
    window.atUs = at(number, windows)
    window.sequence = UInt64(number)
    (window.mergedFrom, window.lostWindows) = (0, 0)
    return window
  }
}
