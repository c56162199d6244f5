import FleetCore
import FleetProtocol
import RolloutGates

/// What must hold of rollouts whatever happens; it keeps its own books of what was decided.
struct RolloutLedger {
  private struct Book {
    var record: RolloutRecord
    /// Waves whose last gate let them go on.
    var passed: Set<Int> = []
    var shadowPassed = false
  }

  private var books: [Identifier: Book] = [:]
  /// What each node was last told to run.
  private var told: [Identifier: ContentDigest] = [:]
  /// Broken rules since the last look.
  private(set) var violations: [String] = []

  private mutating func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
    if !holds { violations.append(rule()) }
  }

  /// A transaction of the coordinator is durable.
  mutating func stored(_ changes: [FleetChange]) {
    for change in changes {
      switch change {
      case .rolloutCreated(let record):
        for (node, member) in record.members {
          require(
            member.before == nil || member.before?.model == told[node],
            "\(record.id) thinks that \(node) ran \(member.before.map { "\($0.model)" } ?? "")")
        }
        books[record.id] = Book(record: record)
      case .rolloutMoved(let id, let progress): move(id, progress)
      case .rolloutMember(let id, let node, let member):
        books[id]?.record.members[node] = member
      case .rolloutDecided(let id, let decision): judge(decision, of: id)
      case .desiredSet(let node, let assignment):
        judge(assignment, on: node)
        told[node] = assignment.model
      // The other facts have no part in a rollout.
      default: break
      }
    }
    for (id, book) in books where book.record.progress.state.holdsNodes {
      let moving = book.record.members.values.count {
        $0.step.isUnderWay && $0.step != .reverting
      }
      let most = book.record.specification.maxParallel
      require(moving <= most, "\(id): \(moving) nodes are under way, \(most) may be")
    }
  }

  private mutating func move(_ id: Identifier, _ progress: RolloutProgress) {
    guard var book = books[id] else { return require(false, "\(id) was never started") }
    let before = book.record.progress
    require(
      progress.state == before.state || before.state.next.contains(progress.state),
      "\(id) goes from \(before.state) to \(progress.state)")
    for wave in 0..<progress.wave {
      require(book.passed.contains(wave), "\(id) is at wave \(progress.wave), \(wave) never passed")
    }
    if progress.state == .completed, before.state != .completed {
      for wave in 0..<book.record.waveCount {
        require(book.passed.contains(wave), "\(id) is complete, wave \(wave) never passed")
      }
    }
    book.record.progress = progress
    books[id] = book
  }

  /// A wave goes on because of evidence, of a policy that says so, or of an operator.
  private mutating func judge(_ decision: RolloutDecision, of id: Identifier) {
    guard var book = books[id] else { return require(false, "\(id) was never started") }
    let finding = decision.assessment?.finding
    var goesOn = false
    switch decision.verdict {
    case .passed:
      let isGuarded = decision.stage == .baking && book.shadowPassed && finding == .insufficient
      require(finding == .pass || isGuarded, "\(id) passes wave \(decision.wave) without evidence")
      goesOn = true
    case .promoted: goesOn = true
    case .insufficient:
      goesOn = book.record.specification.onInsufficient == .promote
    case .stopped: break
    }
    if goesOn, decision.stage != .shadowing { book.passed.insert(decision.wave) }
    if goesOn, decision.stage == .shadowing { book.shadowPassed = decision.verdict == .passed }
    books[id] = book
  }

  /// What a rollout orders: the model wave by wave, and backwards what was there before.
  private mutating func judge(_ assignment: DesiredAssignment, on node: Identifier) {
    for (id, book) in books where book.record.progress.state.holdsNodes {
      guard let member = book.record.members[node], member.step != .cancelled else { continue }
      if assignment.model != book.record.model {
        require(
          assignment.model == member.before?.model,
          "\(id) sends \(node) back to \(assignment.model), which it did not run before")
      } else if !assignment.serving.isShadow, !assignment.serving.isStaged {
        for wave in 0..<member.wave {
          require(
            book.passed.contains(wave),
            "\(node) of wave \(member.wave) serves before \(wave) passed")
        }
      }
    }
  }

  /// What must hold at rest.
  mutating func balance() {
    for (id, book) in books.sorted(by: { $0.key < $1.key }) {
      let record = book.record
      require(!record.progress.state.holdsNodes, "\(id) is \(record.progress.state) at rest")
      require(record.underWay == 0, "\(id) has nodes under way at rest")
    }
  }
}
