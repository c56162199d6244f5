import ArgumentParser
import Crypto
import FleetCore
import FleetProtocol
import Foundation
import Logging
import Synchronization
import Workbench
import ZeroMQTransport

/// `spikefleet-coordinator enrol`: takes join tokens from strangers, in a process of its own.
///
/// It opens neither the fleet's database nor the coordinator's keys: all it can do is leave small
/// files in its spool, from which the coordinator takes what it believes.
struct Enrol: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spikefleet-coordinator enrol",
    abstract: "Takes join tokens from machines that are not nodes yet; off unless it is started.",
    discussion: """
      Settings come from SPIKEFLEET_ENROL_<KEY> in the environment, then the file, then defaults: \
      `listen`, `keyFile`, `spoolFolder`, `requestsPerSecond`, `logLevel`. The key pair is made at \
      the first start; agents pin its public half, which the log shows. The coordinator takes the \
      spool in when its setting `enrolSpool` names the same folder.
      """)

  @Option(help: "YAML file with the settings.")
  var config: String

  func run() throws {
    do {
      let file = try ConfigurationFile(
        path: config, environmentPrefix: "SPIKEFLEET_ENROL_", overrides: [:])
      let listen = try file.string("listen", default: "tcp://0.0.0.0:7473")
      let keyFile = try file.path("keyFile")
      let spool = EnrolmentSpool(path: try file.path("spoolFolder"))
      let rate = try file.int("requestsPerSecond", default: 5, in: 1...1_000)
      let level = try file.choice("logLevel", of: LogFormat.levels, default: "info")
      try file.finish()
      let log = try LogFormat.text.logger(label: "enrol", level: level)
      let keys = try CurveKeyFile(path: keyFile).loadOrCreate()
      let desk = EnrolmentDesk(spool: spool, requestsPerSecond: UInt64(rate), log: log)
      let endpoint = try EnrolmentEndpoint(keys: keys, address: listen) { key, frames in
        desk.answer(key: key, frames: frames)
      }
      log.notice(
        "listening",
        metadata: [
          "kind": "enrol.listening", "address": "\(endpoint.address)",
          "key": "\(keys.publicKey)",
        ])
      let ended = DispatchSemaphore(value: 0)
      let signals = [SIGTERM, SIGINT].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler { ended.signal() }
        source.resume()
        return source
      }
      ended.wait()
      signals.forEach { $0.cancel() }
      endpoint.stop()
      log.notice("stopped", metadata: ["kind": "enrol.stopped"])
    } catch {
      FileHandle.standardError.write(Data("spikefleet-coordinator enrol: \(error)\n".utf8))
      throw ExitCode(1)
    }
  }
}

/// Judges what a stranger sends as far as that needs no secret, at a pace for all of them together.
final class EnrolmentDesk: Sendable {
  private let spool: EnrolmentSpool
  private let pace: Mutex<EnrolmentPace>
  private let log: Logger

  init(spool: EnrolmentSpool, requestsPerSecond: UInt64, log: Logger) {
    self.spool = spool
    self.log = log
    pace = Mutex(EnrolmentPace(perSecond: requestsPerSecond, at: WallClock.now()))
  }

  /// The frames to answer with; nil, and nothing said, for what is no request.
  func answer(key: CurvePublicKey, frames: [[UInt8]]) -> [[UInt8]]? {
    // Before anything is decoded: strangers decide how much comes.
    guard pace.withLock({ $0.take(at: WallClock.now()) }) else {
      return refuse("busy", "too many machines ask at once; ask again in a while")
    }
    let enrol: WireEnrol
    do throws(FrameRefusal) {
      enrol = try EnrolmentMessage.request(frames)
    } catch {
      log.debug("\(error)", metadata: ["kind": "enrol.dropped"])
      return nil
    }
    guard enrol.token.utf8.count == EnrolmentMessage.tokenLength,
      enrol.token.allSatisfy(\.isHexDigit)
    else { return refuse("token", "a token has 64 hexadecimal digits") }
    guard Identifier(enrol.nodeID) != nil else {
      return refuse("node-name", "a node's name matches [a-z0-9][a-z0-9._-]{0,62}")
    }
    let request = EnrolmentRequest(
      tokenHash: Hex.text(SHA256.hash(data: Array(enrol.token.lowercased().utf8))),
      publicKey: key.z85, node: enrol.nodeID)
    do throws(SecretFileError) {
      guard try spool.leave(request) else {
        return refuse("full", "too many requests wait for the coordinator; ask again in a while")
      }
    } catch {
      log.error("the spool takes nothing: \(error)", metadata: ["kind": "enrol.failed"])
      return refuse("spool", "the request could not be kept; ask again in a while")
    }
    log.info(
      "left for the coordinator",
      metadata: [
        "kind": "enrol.left", "subject": "\(enrol.nodeID)", "fingerprint": "\(key.fingerprint)",
      ])
    return EnrolmentMessage.frames(WireEnrolAnswer())
  }

  private func refuse(_ code: String, _ detail: String) -> [[UInt8]] {
    var answer = WireEnrolAnswer()
    answer.code = code
    answer.detail = detail
    return EnrolmentMessage.frames(answer)
  }
}
