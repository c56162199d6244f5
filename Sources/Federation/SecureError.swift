/// Why a step of secure aggregation is refused; nothing was given away and nothing has changed.
package enum SecureError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The bytes are not the message they should be.
  case format(String)
  /// A message belongs to another round, attempt, cohort or set of nodes.
  case foreign(String)
  /// The cohort's list cannot be worked with.
  case roster(String)
  /// Fewer nodes than the threshold: the sum stays hidden for good.
  case threshold(found: Int, needed: Int, what: String)
  /// Other bytes were asked for under a key that has been used: `phase` was answered before.
  case conflict(phase: String)
  /// A phase out of its order.
  case order(String)
  /// A share does not open, or is not the one its owner committed to.
  case share(owner: String, holder: String)
  /// The shares of a node's secret give something else than the node committed to.
  case secret(owner: String)
  /// A node's public key is no key.
  case publicKey(node: String)
  /// A node's own values are not what may be summed.
  case contribution(String)
  /// The opened sum is beyond what honest nodes could have sent; no single node can be named.
  case sum(String)

  /// Stable code.
  package var code: String {
    switch self {
    case .format: "format"
    case .foreign: "foreign"
    case .roster: "roster"
    case .threshold: "threshold"
    case .conflict: "conflict"
    case .order: "order"
    case .share: "share"
    case .secret: "secret"
    case .publicKey: "public-key"
    case .contribution: "contribution"
    case .sum: "sum"
    }
  }

  package var description: String {
    switch self {
    case .format(let detail): "not a message of secure aggregation: \(detail)"
    case .foreign(let detail): "the message belongs elsewhere: \(detail)"
    case .roster(let detail): "the cohort's list: \(detail)"
    case .threshold(let found, let needed, let what): "\(found) \(what), at least \(needed)"
    case .conflict(let phase): "\(phase) was answered before, to other bytes"
    case .order(let detail): "out of order: \(detail)"
    case .share(let owner, let holder):
      "the share of \(owner) held by \(holder) is not the one that \(owner) committed to"
    case .secret(let owner): "the shares of \(owner) do not give the secret it committed to"
    case .publicKey(let node): "the public key of \(node) is no key"
    case .contribution(let detail): "the node's own values: \(detail)"
    case .sum(let detail): "the sum: \(detail)"
    }
  }
}
