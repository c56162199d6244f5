import FleetCore
import FleetProtocol

/// What a backup of the coordinator holds in a run, and the books of that moment.
struct SimulatedBackup {
  let madeAt: Instant
  let state: FleetState
  let blobs: Set<ContentDigest>
  let database: (any DurableFleet)?
  let ledger: TruthLedger
}

/// A coordinator that loses its state and goes back to an older copy of it, once in some runs.
extension ChaosRun {
  /// Makes the backup, or goes back to the one that there is.
  func backUpOrRestore() {
    if let backup { return restore(backup) }
    // Between the two nobody gets another key or root file: an operator would have to tell the
    // restored coordinator of it by hand.
    guard !hasRestored, coordinator.core != nil, script.current == nil, script.revoked.isEmpty,
      agents.allSatisfy({ agent in
        let record = coordinator.state.nodes[agent.node]
        return record?.publicKey == agent.key && record?.terms.isRotating == false
      })
    else { return }
    trace("a backup is made")
    do {
      backup = SimulatedBackup(
        madeAt: now, state: coordinator.state, blobs: coordinator.blobs,
        database: try coordinator.database?.copied(), ledger: ledger)
    } catch {
      ledger.require(false, "the database cannot be copied: \(error)")
    }
  }

  /// The coordinator dies, and the next one finds what was in the backup.
  private func restore(_ backup: SimulatedBackup) {
    trace("the coordinator goes back to its backup")
    killCoordinator()
    self.backup = nil
    hasRestored = true
    ledger.coordinatorRestored(to: backup.ledger)
    let copy = RestoredCopy(
      madeAt: backup.madeAt, epoch: RestoredCopy.epoch(after: [backup.state.epoch], at: now))
    var state = backup.state
    let changes = state.restored(from: copy, at: now)
    ledger.coordinatorStored(changes)
    state.apply(changes)
    (state.epoch, state.lastGeneration) = (copy.epoch, 0)
    coordinator.state = state
    coordinator.database = backup.database
    do {
      let stored = try backup.database?.adapt(to: copy, at: now)
      ledger.require(
        stored == nil || stored == changes, "a restored database changes in another way")
    } catch {
      ledger.require(false, "the database is not restored: \(error)")
    }
    bringBack(backup.blobs)
  }

  /// The operator pushes again what was pushed since.
  private func bringBack(_ blobs: Set<ContentDigest>) {
    coordinator.blobs = blobs
    for wish in script.wishes {
      guard case .addModel(let record) = wish.command else { continue }
      // The model's bytes come with each try at the command.
      coordinator.blobs.insert(record.digest)
      guard case .done = wish.answer, coordinator.state.models[record.digest] == nil else {
        continue
      }
      script.wish("push", wish.command)
    }
  }
}
