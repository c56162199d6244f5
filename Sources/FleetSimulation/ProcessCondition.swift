import FleetCore

/// How a simulated process and its machine are doing.
struct ProcessCondition {
  /// Raised at every start and death, so that what an earlier process began is void.
  var life = 0
  /// What its clock is ahead of the true time, in milliseconds.
  var clockAhead: Int64 = 0
  /// Takes nothing before this instant, and what came meanwhile in its order then.
  private(set) var pausedUntil: Instant?
  /// Its disk takes no transaction before this instant.
  var diskFullUntil: Instant?
  /// Its disk refuses that many transactions more.
  var refusals = 0
  /// Dies at that many directives from now.
  var fuse: Int?
  /// How much longer everything takes, and until when.
  var slowness: Int64 = 1
  var slowUntil: Instant?

  /// Everything is well and the clock is right again; a pause goes on to its end.
  mutating func heal() {
    clockAhead = 0
    diskFullUntil = nil
    refusals = 0
    fuse = nil
    slowness = 1
    slowUntil = nil
  }

  /// True where the disk takes no transaction now.
  mutating func refuses(at now: Instant) -> Bool {
    if let until = diskFullUntil {
      if now < until { return true }
      diskFullUntil = nil
    }
    guard refusals > 0 else { return false }
    refusals -= 1
    return true
  }

  /// True where the process dies here.
  mutating func burns() -> Bool {
    guard let left = fuse else { return false }
    fuse = left > 0 ? left - 1 : nil
    return left == 0
  }

  /// Pauses, unless it does already: with another end, what waits for the first would be overtaken.
  mutating func pause(milliseconds: Int64, at now: Instant) {
    if let until = pausedUntil, now < until { return }
    // A microsecond more than what else is planned, in whole milliseconds, so that nothing comes
    // at that very instant before what waited.
    var until = now.advanced(milliseconds: milliseconds)
    until.microseconds += 1
    pausedUntil = until
  }

  /// A new process: what held the former one does not hold it.
  mutating func restart() {
    life += 1
    fuse = nil
    pausedUntil = nil
  }

  /// When a paused process goes on; nil for one that runs.
  mutating func resumes(after now: Instant) -> Instant? {
    guard let until = pausedUntil else { return nil }
    if now < until { return until }
    pausedUntil = nil
    return nil
  }

  mutating func factor(at now: Instant) -> Int64 {
    if let until = slowUntil, now >= until {
      slowUntil = nil
      slowness = 1
    }
    return slowness
  }
}
