import FleetAPI
import FleetCore
import Synchronization

/// Knows some tokens and remembers what was turned away.
final class FixedDoor: AdminDoor {
  let refusals = Mutex<[AdminRefusal]>([])
  private let holders: [(token: BearerToken, holder: AdminHolder)]

  init(_ holders: [(token: BearerToken, holder: AdminHolder)]) { self.holders = holders }

  func holder(hash: String) -> AdminHolder? {
    holders.first { $0.token.hasHash(hash) }?.holder
  }

  func refuse(_ refusal: AdminRefusal) { refusals.withLock { $0.append(refusal) } }
}
