import Federation

/// Five nodes or so in one process, with what each of them wants summed.
struct SecureCohort {
  static let round = SecureRound(job: "digits", round: 3, attempt: 1)
  static let base = [UInt8](repeating: 5, count: 32)

  var roster: SecureRoster
  /// In the order of positions.
  var nodes: [SecureParticipant]
  var shared: [SecureShares]
  var weights: [UInt32]
  var deltas: [[[Int32]]]

  static func root(_ node: Int) -> [UInt8] { [UInt8](repeating: UInt8(node + 1), count: 32) }

  static func nodes(_ count: Int, round: SecureRound = round) -> [SecureParticipant] {
    (0..<count).map {
      SecureParticipant(round: round, node: "node-\($0)", root: root($0))
    }
  }

  static func roster(
    _ nodes: [SecureParticipant], threshold: Int, weightMax: UInt32 = 1_000,
    deltaMax: UInt32 = 65_535, layers: [UInt32] = [3, 2]
  ) throws(SecureError) -> SecureRoster {
    try SecureRoster(
      round: nodes[0].round, base: base, layerCounts: layers, deltaMax: deltaMax,
      threshold: threshold, members: nodes.map { .init(advert: $0.advert, weightMax: weightMax) })
  }

  init(
    _ count: Int, threshold: Int, weightMax: UInt32 = 1_000, deltaMax: UInt32 = 65_535,
    layers: [UInt32] = [3, 2], random: inout SplitMix
  ) throws {
    nodes = Self.nodes(count)
    roster = try Self.roster(
      nodes, threshold: threshold, weightMax: weightMax, deltaMax: deltaMax, layers: layers)
    shared = []
    for node in nodes.indices { shared.append(try nodes[node].share(roster)) }
    weights = nodes.map { _ in UInt32.random(in: 1...weightMax, using: &random) }
    let limit = Int32(deltaMax)
    deltas = nodes.map { _ in
      layers.map { count in
        (0..<count).map { _ in
          Bool.random(using: &random)
            ? Int32.random(in: -limit...limit, using: &random)
            : Bool.random(using: &random) ? limit : -limit
        }
      }
    }
  }

  func delivery(to holder: Int, of sharers: [Int]) throws(SecureError) -> SecureDelivery {
    try SecureDelivery(sharers.map { shared[$0] }, to: holder, roster: roster)
  }

  mutating func mask(_ node: Int, of sharers: [Int]) throws -> SecureInput {
    try nodes[node].mask(
      base: Self.base, weight: weights[node], deltas: deltas[node], roster: roster,
      delivery: try delivery(to: node, of: sharers))
  }

  mutating func answer(
    _ node: Int, _ request: SecureRequest, of sharers: [Int]
  ) throws -> SecureAnswer {
    try nodes[node].answer(
      request, roster: roster, delivery: try delivery(to: node, of: sharers))
  }

  func sum(inputs: [SecureInput], of sharers: [Int]) throws(SecureError) -> SecureSum {
    try SecureSum(roster: roster, shared: sharers.map { shared[$0] }, inputs: inputs)
  }

  /// The plain sum over some nodes.
  func plain(_ living: [Int]) -> UpdateTotal {
    var total = UpdateTotal(
      weight: living.reduce(0) { $0 + Int64(weights[$1]) },
      sums: roster.layerCounts.map { [Int64](repeating: 0, count: Int($0)) })
    for node in living {
      for layer in total.sums.indices {
        for index in total.sums[layer].indices {
          total.sums[layer][index] += Int64(weights[node]) * Int64(deltas[node][layer][index])
        }
      }
    }
    return total
  }
}

/// The code of the refusal; nil where there is none.
func secureCode(_ work: () throws -> Void) -> String? {
  do {
    try work()
    return nil
  } catch let error as SecureError {
    return error.description.isEmpty ? "no text" : error.code
  } catch {
    return "\(error)"
  }
}

/// All subsets of some positions, each rising.
func subsets(_ positions: [Int]) -> [[Int]] {
  (0..<(1 << positions.count)).map { bits in
    positions.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element)
  }
}
