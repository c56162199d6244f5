import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Logging
import Workbench
import ZeroMQTransport

/// What a node knows of itself beside its database: files, settings, its own log.
struct NodeAffairs {
  let settings: AgentConfiguration
  let tail: LogTail

  var keyFile: CurveKeyFile { CurveKeyFile(path: settings.keyFile) }
  var nextKeyFile: CurveKeyFile { CurveKeyFile(path: settings.keyFile + ".next") }
}

extension AgentShell {
  // MARK: a new key

  /// The public half of the key beside the present one; nil where the disk refuses.
  func makeNextKey() -> String? {
    do throws(CurveKeyFileError) {
      let pair = try affairs.nextKeyFile.loadOrCreate()
      return pair.publicKey.z85
    } catch {
      log.error("no new key: \(error)", metadata: ["kind": "key.failed"])
      return nil
    }
  }

  /// Puts the new key in the old one's place; the coordinator knows it already.
  func adopt(_ publicKey: String) -> Bool {
    do throws(CurveKeyFileError) {
      let pair = try affairs.nextKeyFile.load()
      guard pair.publicKey.z85 == publicKey else {
        log.error(
          "\(affairs.nextKeyFile.path): holds another key than was told; nothing is changed",
          metadata: ["kind": "key.failed"])
        return false
      }
      crash.before("replaceKey")
      try affairs.nextKeyFile.replace(affairs.keyFile)
      crash.after("replaceKey")
      transport.setKeys(pair)
      connections.publicKey = pair.publicKey
      return true
    } catch {
      log.error("the new key is not in place: \(error)", metadata: ["kind": "key.failed"])
      return false
    }
  }

  // MARK: questions

  /// What this node says of itself.
  func answer(_ id: UInt64, _ kind: WireAgentQueryKind, lines: Int) -> WireAgentReport {
    var report = WireAgentReport()
    report.id = id
    switch kind {
    case .logs: report.lines = affairs.tail.newest(lines, bytesMax: AgentCore.reportBytesMax)
    case .selfTest: report.checks = selfTest()
    case .unspecified, .UNRECOGNIZED: break
    }
    return report
  }

  private func selfTest() -> [WireSelfCheck] {
    [keysCheck(), rootCheck(), diskCheck(), databaseCheck(), clockCheck(), chipCheck()]
      + linkChecks()
  }

  private func check(_ name: String, _ result: String, _ detail: String) -> WireSelfCheck {
    var check = WireSelfCheck()
    check.name = name
    check.result = result
    check.detail = String(detail.prefix(512))
    return check
  }

  private func keysCheck() -> WireSelfCheck {
    do throws(CurveKeyFileError) {
      let pair = try affairs.keyFile.load()
      return check("keys", "ok", "mode 0600, fingerprint \(pair.publicKey.fingerprint)")
    } catch {
      return check("keys", "failed", error.description)
    }
  }

  private func rootCheck() -> WireSelfCheck {
    let root = core.root
    let left = Instant(microseconds: Int64(clamping: root.expiresMicroseconds))
      .milliseconds(since: WallClock.now())
    let days = left / 86_400_000
    guard left > 0 else {
      return check(
        "root", "failed",
        "version \(root.version) has expired and nothing new is believed; write the next one with "
          + "`spikefleet key rotate`, then `spikefleet root push`")
    }
    return check(
      "root", days < 30 ? "warning" : "ok", "version \(root.version) expires in \(days) days")
  }

  private func diskCheck() -> WireSelfCheck {
    var space = statvfs()
    guard statvfs(affairs.settings.stateFolder, &space) == 0 else {
      return check("disk", "failed", "the state folder cannot be looked at")
    }
    let free = UInt64(space.f_bavail) * UInt64(space.f_frsize) / 1_048_576
    let result = free < 16 ? "failed" : free < 256 ? "warning" : "ok"
    return check("disk", result, "\(free) MiB free for the state folder")
  }

  private func databaseCheck() -> WireSelfCheck {
    do {
      let isSame = try store.load() == core.state
      return check(
        "database", isSame ? "ok" : "failed",
        isSame ? "what is stored is what is held in memory" : "memory and disk differ; restart it")
    } catch {
      return check("database", "failed", "\(error)")
    }
  }

  private func clockCheck() -> WireSelfCheck {
    guard let skew = core.clockSkewMilliseconds else {
      return check("clock", "warning", "the coordinator has not told its time yet")
    }
    let result = abs(skew) > 60_000 ? "failed" : abs(skew) > 5_000 ? "warning" : "ok"
    return check("clock", result, "\(skew) ms ahead of the coordinator, as of its last word")
  }

  private func chipCheck() -> WireSelfCheck {
    do throws(ChipSelfTestError) {
      return check("chip", "ok", try ChipSelfTest.run())
    } catch {
      return check("chip", "failed", error.description)
    }
  }

  private func linkChecks() -> [WireSelfCheck] {
    [
      check("control", "ok", "this answer came through it"),
      check(
        "data", "ok",
        "\(transport.bytes(.data).sent) bytes sent, \(transport.bytes(.data).received) received"),
    ]
  }
}
