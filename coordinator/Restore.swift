import ArgumentParser
import FleetCore
import FleetStore
import Foundation
import Workbench

/// `spikefleet-coordinator restore`: puts the state back from a backup, while no coordinator runs.
struct Restore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spikefleet-coordinator restore",
    abstract: "Puts the coordinator's state back from a backup; offline.",
    discussion: """
      Everything in the backup is verified before anything is written. The state folder of the \
      settings must hold no state, or --put-aside moves that into a folder of its own below it. \
      Keys are in no backup: the coordinator needs those that the nodes know. The epoch becomes \
      higher than any that nodes can have seen; rounds and jobs that were under way end, rollouts \
      pause, and nodes that have come further get what they should run again. Run it as the \
      daemon's user.
      """)

  @Argument(help: "A file that `spikefleet backup` has written.")
  var file: String

  @Option(help: "YAML file with the coordinator's settings.")
  var config: String

  @Option(help: "Folder of the database, the blobs and the admin token.")
  var stateFolder: String?

  @Flag(help: "Move a state that is there into a folder of its own.")
  var putAside = false

  @Flag(help: "Verify the backup and restore nothing.")
  var verify = false

  @Option(help: "An epoch that some node is known to have seen, from an event `epoch.behind`.")
  var epoch: UInt64 = 0

  func run() throws {
    do {
      let file = try ConfigurationFile(
        path: config, environmentPrefix: "SPIKEFLEET_COORDINATOR_",
        overrides: ["stateFolder": stateFolder].compactMapValues { $0 })
      try restore(into: try CoordinatorConfiguration(file).stateFolder)
    } catch let error as ExitCode {
      throw error
    } catch {
      FileHandle.standardError.write(Data("spikefleet-coordinator restore: \(error)\n".utf8))
      throw ExitCode(1)
    }
  }

  private func restore(into folder: String) throws {
    let now = WallClock.now()
    if verify {
      let manifest = try FleetRestore.verify(file)
      print("\(file): whole; \(Self.words(manifest, at: now))")
      return
    }
    let restore = try FleetRestore(file: file, folder: folder)
    if try restore.isOccupied(), !putAside {
      throw Occupied(folder: folder)
    }
    let manifest = try restore.verify()
    if manifest.madeMicroseconds > now.microseconds {
      throw ClockBehind(made: manifest.madeMicroseconds, now: now.microseconds)
    }
    let report = try restore.run(epochMin: epoch, at: now)
    print("restored \(Self.words(report.manifest, at: now))")
    if let aside = report.aside { print("the former state lies in \(aside)") }
    if let reason = report.unreadable {
      print("its epoch could not be read (\(reason)); the clock chose the new one")
    }
    print("the next start has epoch \(report.epoch + 1)")
    for event in report.events where event.kind != "coordinator.restored" {
      print("\(event.kind) \(event.subject): \(event.detail)")
    }
  }

  private static func words(_ manifest: BackupManifest, at now: Instant) -> String {
    let made = Figure.instant(microseconds: manifest.madeMicroseconds)
    return "a backup of \(made), epoch \(manifest.epoch): \(manifest.nodes) nodes, "
      + "\(manifest.models) models, journal to row \(manifest.journalRows), "
      + "hash \(manifest.journalHash)"
  }
}

/// The state folder holds a state.
private struct Occupied: Error, CustomStringConvertible {
  let folder: String

  var description: String {
    "\(folder): holds a state already; add --put-aside to move it into a folder of its own, or "
      + "name an empty folder with --state-folder"
  }
}

/// The clock is before the backup: the epoch that it chooses could be one that nodes have seen.
private struct ClockBehind: Error, CustomStringConvertible {
  let made: Int64
  let now: Int64

  var description: String {
    "this machine's clock says \(Figure.instant(microseconds: now)), but the backup was made at "
      + "\(Figure.instant(microseconds: made)); set the clock"
  }
}
