import Foundation
import ZeroMQTransport

/// The enrolment process of a fleet, as a real process with its spool beside the coordinator's.
struct EnrolmentDesk {
  let daemon: DaemonProcess
  /// Where it listens.
  let address: String
  /// The key that machines pin.
  let key: String

  /// Starts it; the coordinator must not have been started before, for it is told of the spool.
  static func open(in fleet: TestFleet) async throws -> EnrolmentDesk {
    let folder = fleet.folder.appending(path: "enrol")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let settings = folder.appending(path: "enrol.yaml")
    try Data(
      """
      listen: "tcp://127.0.0.1:*"
      keyFile: "enrol.key"
      spoolFolder: "spool"

      """.utf8
    ).write(to: settings)
    let coordinator = fleet.folder.appending(path: "coordinator/coordinator.yaml")
    let text = try String(contentsOf: coordinator, encoding: .utf8)
    try Data((text + "enrolSpool: \"../enrol/spool\"\n").utf8).write(to: coordinator)
    let daemon = try DaemonProcess(
      "enrol", Programs.coordinator, ["enrol", "--config", settings.path],
      log: fleet.folder.appending(path: "enrol.log"))
    let address = try await eventually("the enrolment endpoint listens", log: { daemon.log }) {
      daemon.log.firstMatch(of: /address=(tcp:\S+)/).map { String($0.1) }
    }
    let keys = try CurveKeyFile(path: folder.appending(path: "enrol.key").path).load()
    return EnrolmentDesk(daemon: daemon, address: address, key: keys.publicKey.z85)
  }

  /// Has a join token made into a file and returns its path.
  func makeToken(_ name: String, in fleet: TestFleet) throws -> String {
    let path = fleet.folder.appending(path: "\(name).token").path
    try fleet.tool(["join-token", "create", name, "--file", path])
    return path
  }
}
