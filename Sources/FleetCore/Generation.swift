package import FleetProtocol

/// A desired state's number: `(epoch, number)` in lexicographic order.
///
/// Every coordinator start and every restore raises the epoch, so nothing older is obeyed.
package struct Generation: Sendable, Hashable, Comparable, Codable,
  CustomStringConvertible
{
  /// Raised at every start of the coordinator.
  package var epoch: UInt64
  /// Counts assignments inside the epoch.
  package var number: UInt64

  /// The generation of a node that was never given a model.
  package static let none = Generation(epoch: 0, number: 0)

  /// A generation by its two numbers.
  package init(epoch: UInt64, number: UInt64) {
    self.epoch = epoch
    self.number = number
  }

  /// Reads the wire form; a missing message is `none`.
  package init(_ wire: WireGeneration) {
    self.init(epoch: wire.epoch, number: wire.number)
  }

  /// The wire form.
  package var wire: WireGeneration {
    var wire = WireGeneration()
    wire.epoch = epoch
    wire.number = number
    return wire
  }

  package var description: String { "\(epoch).\(number)" }

  package static func < (left: Generation, right: Generation) -> Bool {
    (left.epoch, left.number) < (right.epoch, right.number)
  }
}
