/// Why a transport does not start.
package enum TransportError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Something else listens on the address.
  case addressInUse(String)
  /// The address does not exist on this machine or is not of the form `tcp://HOST:PORT`.
  case addressUnusable(String, ZMQError)
  /// A key that nobody has accepted came through the handshake.
  case strangerAdmitted(address: String)
  /// The self-test saw neither a refusal nor an admission in time.
  case selfTestUndecided(address: String, milliseconds: Int)
  /// The installed libzmq is too old to stand on an open network.
  case libraryTooOld(found: String, needed: String)
  /// The installed libzmq was built without encryption.
  case curveMissing
  /// Any other call that failed.
  case socket(ZMQError)

  package var description: String {
    switch self {
    case .addressInUse(let address):
      "\(address): port in use; stop what listens there (`ss -ltnp` names it) or configure "
        + "another port"
    case .addressUnusable(let address, let error):
      "\(address): cannot be bound or reached, \(error.text); expected tcp://HOST:PORT with an "
        + "address of this machine"
    case .strangerAdmitted(let address):
      "\(address): self-test failed, a random key was let in; refusing to run an open fleet: "
        + "check the libzmq installation"
    case .selfTestUndecided(let address, let milliseconds):
      "\(address): self-test got no answer in \(milliseconds) ms; check that a firewall lets "
        + "this machine reach its own address"
    case .libraryTooOld(let found, let needed):
      "libzmq \(found) found, \(needed) or newer needed; install libzmq5 from the distribution"
    case .curveMissing:
      "libzmq was built without CURVE; install a build with libsodium"
    case .socket(let error): error.description
    }
  }
}
