import FleetProtocol
import Logging
import ZeroMQTransport

/// Tells the log about connections: aloud when something changed, at `debug` when it repeats.
struct ConnectionLog {
  private let log: Logger
  private let addresses: [WireEndpoint: String]
  private let node: String
  var publicKey: CurvePublicKey
  private var last: [WireEndpoint: String] = [:]

  init(control: String, data: String, node: String, publicKey: CurvePublicKey, log: Logger) {
    addresses = [.control: control, .data: data]
    self.node = node
    self.publicKey = publicKey
    self.log = log
  }

  mutating func connected(_ endpoint: WireEndpoint) {
    tell(endpoint, .info, "link.up", "connected")
  }

  mutating func disconnected(_ endpoint: WireEndpoint, _ reason: DisconnectReason) {
    let detail =
      switch reason {
      case .refused:
        "the coordinator does not know this node's key; have it accepted: `spikefleet node accept "
          + "\(publicKey.fingerprint) --name \(node)`"
      case .handshake:
        "the encrypted handshake failed; check that `coordinator.publicKey`, or `nextPublicKey` "
          + "beside it, is the key that `spikefleet status` shows"
      case .protocolViolation:
        "what listens there does not speak this protocol; check `coordinator.\(endpoint.rawValue)`"
      case .lost: "the connection ended; trying again"
      case .unreachable:
        "nobody answers there; trying again, what serves goes on; if it lasts, check "
          + "`coordinator.\(endpoint.rawValue)`"
      }
    tell(endpoint, reason == .lost ? .notice : .warning, "link.\(reason.rawValue)", detail)
  }

  mutating func failed(_ endpoint: WireEndpoint, _ error: ZMQError) {
    tell(endpoint, .error, "link.failed", "\(error); check `coordinator.\(endpoint.rawValue)`")
  }

  private mutating func tell(
    _ endpoint: WireEndpoint, _ level: Logger.Level, _ kind: String, _ detail: String
  ) {
    let isNews = last[endpoint] != kind
    last[endpoint] = kind
    log.log(
      level: isNews ? level : .debug, "\(detail)",
      metadata: ["kind": "\(kind)", "subject": "\(addresses[endpoint] ?? endpoint.rawValue)"])
  }
}
