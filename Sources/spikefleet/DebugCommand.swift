import ArgumentParser
import FleetAPI
import FleetCore
import FleetStore
import Foundation
import Workbench

/// `spikefleet debug`.
struct DebugCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "debug", abstract: "Collect what somebody needs who helps.",
    subcommands: [DebugBundleCommand.self])
}

/// `spikefleet debug bundle`.
struct DebugBundleCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle",
    abstract: "Write versions, settings, states, events and checks into one tar file.",
    discussion: """
      It holds no key, token, or hash of one, no model and no telemetry window, but names, labels \
      and addresses of the fleet: look through it before you give it away. What cannot be had, as \
      from a coordinator that is half broken, is named in `missing.txt`.
      """)

  @Argument(help: "The tar file, which must not be there yet.")
  var file: String

  @Option(help: "Newest rows of the journal to put in.")
  var events = 2_000

  @OptionGroup var context: ContextOptions

  func validate() throws {
    guard (1...10_000).contains(events) else {
      throw ValidationError("--events: found \(events), expected 1 to 10000")
    }
  }

  func perform() async throws {
    guard !FileManager.default.fileExists(atPath: file) else {
      throw CommandFailure("\(file): is there already; name a new file")
    }
    let client = try context.client(timeoutSeconds: 300)
    // Without any answer there is nothing to bundle.
    let status = try await client.status()
    var bundle = DebugBundle(at: WallClock.now())
    bundle.add("status.json", try JSONText.pretty(status))
    await fill(&bundle, client)
    let files = bundle.files
    try await PartialFile.write(file) { partial in
      for piece in bundle.archive() { try partial.append(piece) }
    }
    Console.line("\(file): \(files.count) files")
    if bundle.isIncomplete { Console.complain("some could not be had; see missing.txt in it") }
  }

  private func fill(_ bundle: inout DebugBundle, _ client: FleetClient) async {
    await bundle.add("tool.json") {
      [
        "version": Version.text, "made": Figure.instant(microseconds: WallClock.now().microseconds),
        "system": ProcessInfo.processInfo.operatingSystemVersionString,
      ]
    }
    await bundle.add("nodes.json") { try await client.nodes() }
    await bundle.add("pending.json") { try await client.pending() }
    await bundle.add("models.json") { try await client.models() }
    await bundle.add("jobs.json") { try await client.jobs() }
    await bundle.add("top.json") { try await client.top() }
    await bundle.add("energy.json") { try await client.energy() }
    await bundle.add("root.json") {
      let root = try await client.roots()
      let expires = Figure.instant(microseconds: Int64(clamping: root.expiresMicroseconds))
      return ["version": "\(root.version)", "expires": expires]
    }
    var query = JournalQuery(limit: events)
    query.newest = true
    await bundle.add("events.json") { try await client.events(query) }
    await bundle.add("rollouts.json") { try await client.rollouts() }
    await fillRollouts(&bundle, client)
    await bundle.add("coordinator.json") {
      var view = try await client.debug()
      view.log = []
      return view
    }
    await bundle.addText("coordinator.log") {
      try await client.debug().log.map { $0 + "\n" }.joined()
    }
  }

  /// Each with its nodes and decisions.
  private func fillRollouts(_ bundle: inout DebugBundle, _ client: FleetClient) async {
    let names: [String]
    do {
      names = try await client.rollouts().map(\.name)
    } catch {
      // Named above already.
      return
    }
    for name in names {
      await bundle.add("rollout-\(name).json") { try await client.rollout(name) }
    }
  }
}

/// The files of a bundle, and what could not be had.
struct DebugBundle {
  private(set) var files: [(name: String, text: String)] = []
  private var missing: [String] = []
  private let at: Instant

  init(at now: Instant) { at = now }

  var isIncomplete: Bool { !missing.isEmpty }

  mutating func add(_ name: String, _ text: String) { files.append((name, text)) }

  /// Asks for a file's text, and notes why there is none.
  mutating func addText(_ name: String, _ ask: () async throws -> String) async {
    do {
      files.append((name, try await ask()))
    } catch {
      missing.append("\(name): \(error)\n")
    }
  }

  /// Asks for a file's value.
  mutating func add<Value: Encodable>(
    _ name: String, _ ask: () async throws -> Value
  ) async {
    await addText(name) { try JSONText.pretty(try await ask()) }
  }

  /// The tar archive, piece by piece.
  func archive() -> [[UInt8]] {
    let all = files + (missing.isEmpty ? [] : [("missing.txt", missing.joined())])
    var pieces: [[UInt8]] = []
    for (name, text) in all {
      let bytes = Array(text.utf8)
      let size = UInt64(bytes.count)
      pieces.append(
        TarHeader(name: name, size: size).encoded(atSeconds: max(0, at.microseconds / 1_000_000)))
      pieces.append(bytes)
      pieces.append([UInt8](repeating: 0, count: TarHeader.padding(after: size)))
    }
    return pieces + [TarHeader.ending]
  }
}
