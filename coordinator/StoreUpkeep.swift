import CompiledModel
import FleetCore
import FleetStore
import Logging
import ServiceLifecycle
import Workbench
import ZeroMQTransport

/// Removes what nothing needs any more, at the start and every hour: telemetry older than its tier
/// is kept for, and content of rounds that are over.
struct StoreUpkeep: Service {
  let daemon: CoordinatorDaemon
  let policy: TelemetryRetention

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        removeOld()
        Self.sweepBlobs(of: daemon)
        do {
          try await Task.sleep(for: .seconds(3_600))
        } catch {
          // Cancelled: the loop ends.
          return
        }
      }
    }
  }

  /// Removes content that nothing needs any more and that was not stored just now.
  static func sweepBlobs(of daemon: CoordinatorDaemon) {
    do throws(StoreError) {
      let removed = try daemon.blobs.sweep(
        keeping: daemon.snapshot().state.neededBlobs, olderThanSeconds: 3_600)
      guard removed > 0 else { return }
      daemon.log.info(
        "content that nothing needs removed",
        metadata: ["kind": "blob.swept", "blobs": "\(removed)"])
    } catch {
      daemon.log.warning(
        "content stays for now: \(error)", metadata: ["kind": "store.failed"])
    }
  }

  private func removeOld() {
    do throws(StoreError) {
      let removed = try daemon.store.retain(policy, at: WallClock.now())
      guard removed > 0 else { return }
      daemon.log.info(
        "old telemetry removed",
        metadata: ["kind": "telemetry.retained", "blocks": "\(removed)"])
    } catch {
      daemon.log.warning(
        "old telemetry stays for now: \(error)", metadata: ["kind": "store.failed"])
    }
  }
}

/// Gives memory of connections that are gone back to the system, every half minute.
struct MemoryUpkeep: Service {
  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        UnusedMemory.giveBack()
        do {
          try await Task.sleep(for: .seconds(30))
        } catch {
          // Cancelled: the loop ends.
          return
        }
      }
    }
  }
}

extension CoordinatorDaemon {
  /// Lets the store judge telemetry by the prices of these models.
  func notePrices(of models: some Sequence<ModelRecord>) {
    for model in models {
      guard let table = priceTables.table(model.priceDigest, among: [model]) else { continue }
      let prices = EventKind.allCases.map { table[$0].map { $0.picojoules * 1e-12 } }
      store.judge { $0.prices[model.priceDigest] = prices }
    }
  }

  func notePrices(of changes: [FleetChange]) {
    for change in changes {
      switch change {
      case .modelAdded(let model): notePrices(of: [model])
      case .roundCommitted(_, _, let model?): notePrices(of: [model])
      default: continue
      }
    }
  }
}
