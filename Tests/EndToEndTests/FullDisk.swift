import FleetAPI
import FleetCore
import Foundation
import Synchronization

/// A small file system of its own under a state folder, which can be filled up and freed.
struct FullDisk {
  private let folder: String

  private struct NotAllowed: Error, CustomStringConvertible {
    var detail: String

    var description: String {
      "mounting a tmpfs: \(detail); disk scenarios need root: run `make chaos` as root, in a "
        + "container with --cap-add SYS_ADMIN"
    }
  }

  /// Puts a tmpfs of that size over a folder, which is made.
  init(over folder: URL, mebibytes: Int) throws {
    self.folder = folder.path
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let outcome = try Programs.run(
      "/usr/bin/mount",
      ["-t", "tmpfs", "-o", "size=\(mebibytes)m,mode=0700", "tmpfs", folder.path])
    guard outcome.status == 0 else { throw NotAllowed(detail: outcome.errors) }
  }

  private var filler: String { folder + "/filler" }

  /// Leaves no byte free.
  func fill() throws {
    let descriptor = open(filler, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    guard descriptor >= 0 else { throw NotAllowed(detail: "no filler can be made") }
    defer { close(descriptor) }
    for size in [65_536, 4_096, 512, 1] {
      let block = [UInt8](repeating: 7, count: size)
      while write(descriptor, block, size) == size {}
    }
  }

  func free() throws { try FileManager.default.removeItem(atPath: filler) }

  func unmount() throws { _ = try Programs.run("/usr/bin/umount", ["-l", folder]) }
}

extension FaultScenario {
  /// The coordinator's disk is full: it refuses by name, keeps control, and nodes keep windows.
  static func fullCoordinator() async throws -> Played {
    let (chaos, disk) = try withDisk("coordinator/state")
    try chaos.start()
    try await chaos.work()
    try await chaos.settled()
    try disk.fill()
    let refusal = try await refusedCommand(chaos)
    let before = try AgentHistory(chaos.fleet, "north").waiting()
    _ = try await chaos.until("windows wait on the node") { _ in
      try AgentHistory(chaos.fleet, "north").waiting() >= before + 3 ? true : nil
    }
    let alive = try await chaos.fleet.client().nodes()
    if !alive.allSatisfy({ $0.liveness == "online" }) {
      chaos.note("nodes went away while the coordinator's disk was full")
    }
    try disk.free()
    try await chaos.command("label-full") {
      try await $0.order(Self.label, node: "south", requestID: $1)
    }
    try await chaos.settled()
    return Played(chaos: chaos, struck: refusal)
  }

  private static var label: NodeRequest {
    var request = NodeRequest(.label)
    request.labels = ["disk": "full"]
    return request
  }

  /// Asks for something until the answer is that there is no room.
  private static func refusedCommand(_ chaos: ChaosFleet) async throws -> String {
    try await eventually("a command is refused by name", log: { chaos.fleet.logs }) {
      do {
        let id = FleetClient.newRequestID()
        let answer = try await chaos.fleet.client().order(label, node: "north", requestID: id)
        chaos.fate.withLock { $0.answered[id] = answer.code }
        return nil
      } catch let error as ServiceError where error.status == 503 {
        if !error.detail.contains("no space left") {
          chaos.note("refused without a name: \(error.detail)")
        }
        return "refused: \(error.detail)"
      }
    }
  }

  /// A node's disk is full: it serves on, says why, and its counts arrive when there is room.
  static func fullAgent() async throws -> Played {
    let (chaos, disk) = try withDisk("agents/north/state")
    try chaos.start()
    try await chaos.work()
    try await chaos.settled()
    try disk.fill()
    let line = try await chaos.until("the agent says that its disk is full") { _ in
      chaos.fleet.firstLine(of: "north", containing: "no space left")
    }
    let nodes = try await chaos.fleet.client().nodes()
    if !nodes.allSatisfy({ $0.liveness == "online" && $0.phase == "active" }) {
      chaos.note("north went away when its disk was full")
    }
    try disk.free()
    try await Task.sleep(for: .seconds(6))
    try await chaos.settled()
    return Played(chaos: chaos, struck: line)
  }

  private static func withDisk(_ path: String) throws -> (ChaosFleet, FullDisk) {
    var disk: FullDisk?
    let chaos = try ChaosFleet { fleet in
      disk = try FullDisk(over: fleet.folder.appending(path: path), mebibytes: 16)
    }
    guard let disk else { preconditionFailure("the fleet was made without its disk") }
    chaos.atEnd { try disk.unmount() }
    return (chaos, disk)
  }
}
