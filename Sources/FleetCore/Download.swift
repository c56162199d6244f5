import FleetProtocol

/// A model on its way to the disk, chunk by chunk, within the credit of `Limits.chunkCreditMax`.
///
/// Legal transitions: inspecting -> fetching or assembling; fetching -> assembling; assembling ->
/// inspecting when a chunk was found damaged.
struct Download: Sendable, Equatable {
  enum Stage: Sendable { case inspecting, fetching, assembling }

  /// Damaged chunks that are forgiven.
  static let faultsMax = 8
  /// Chunks asked for with one request; two requests are on their way at a time.
  static let runMax = Limits.chunkCreditMax / 2

  let model: ContentDigest
  let chunks: [ContentDigest]
  let size: UInt64
  var stage: Stage
  var faults: Int
  /// When chunks were last asked for or received.
  var progressAt: Instant
  private var isMissing: [Bool]
  private var isAsked: [Bool]
  private var cursor: Int
  private(set) var missing: Int
  private(set) var asked: Int

  init(model: ContentDigest, chunks: [ContentDigest], size: UInt64, at now: Instant) {
    self.model = model
    self.chunks = chunks
    self.size = size
    stage = .inspecting
    faults = 0
    progressAt = now
    isMissing = []
    isAsked = []
    cursor = 0
    missing = 0
    asked = 0
  }

  /// Begins with the chunks that are not there; one flag per chunk.
  mutating func begin(present: [Bool]) {
    isMissing = present.map { !$0 }
    isAsked = [Bool](repeating: false, count: present.count)
    missing = isMissing.count { $0 }
    cursor = 0
    asked = 0
    stage = missing == 0 ? .assembling : .fetching
  }

  /// Asks again for everything that has not arrived.
  mutating func forgetRequests() {
    guard asked > 0 else { return }
    isAsked = [Bool](repeating: false, count: isAsked.count)
    asked = 0
    cursor = 0
  }

  /// The next chunks to ask for, marked as asked; nil when the credit is used or all are asked.
  mutating func nextRun() -> Range<Int>? {
    guard asked + Self.runMax <= Limits.chunkCreditMax else { return nil }
    while cursor < isMissing.count, !isMissing[cursor] || isAsked[cursor] { cursor += 1 }
    guard cursor < isMissing.count else { return nil }
    let first = cursor
    while cursor < isMissing.count, cursor - first < Self.runMax, isMissing[cursor],
      !isAsked[cursor]
    {
      isAsked[cursor] = true
      cursor += 1
    }
    asked += cursor - first
    return first..<cursor
  }

  /// True when the chunk of that index is still wanted.
  func wants(_ index: Int) -> Bool {
    stage == .fetching && isMissing.indices.contains(index) && isMissing[index]
  }

  /// Notes that a chunk came: a good one is done, a bad one is asked for again.
  mutating func note(_ index: Int, isGood: Bool) {
    if isAsked[index] {
      isAsked[index] = false
      asked -= 1
    }
    if isGood {
      isMissing[index] = false
      missing -= 1
      if missing == 0 { stage = .assembling }
    } else {
      faults += 1
      cursor = min(cursor, index)
    }
  }
}
