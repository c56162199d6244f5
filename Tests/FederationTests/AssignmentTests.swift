import Federation
import Testing

@Suite struct AssignmentTests {
  private static func permutations(_ items: [Int]) -> [[Int]] {
    guard items.count > 1 else { return [items] }
    return items.flatMap { first in
      permutations(items.filter { $0 != first }).map { [first] + $0 }
    }
  }

  private static func cost(_ columns: [Int], _ costs: [Int64]) -> Int64 {
    columns.enumerated().reduce(0) { $0 + costs[$1.offset * columns.count + $1.element] }
  }

  @Test(arguments: 1...7)
  func `the pairs are as cheap as the cheapest of all permutations`(count: Int) {
    let seed = UInt64(count)
    print("seed \(seed)")
    var random = SplitMix(state: seed)
    let all = Self.permutations(Array(0..<count))
    for round in 0..<(count < 7 ? 60 : 12) {
      // Few values make many ties.
      let width: Int64 = round % 2 == 0 ? 3 : 1 << 31
      let costs = (0..<count * count).map { _ in Int64.random(in: -width...width, using: &random) }
      let found = Assignment.columns(costs: costs, count: count)
      #expect(found.sorted() == Array(0..<count))
      #expect(Self.cost(found, costs) == all.map { Self.cost($0, costs) }.min())
      #expect(Assignment.columns(costs: costs, count: count) == found)
    }
  }

  @Test func `where all costs are equal each row takes its own column`() {
    let columns = Assignment.columns(costs: [Int64](repeating: 5, count: 36), count: 6)
    #expect(columns == Array(0..<6))
  }

  @Test func `four hundred rows that were shuffled find their columns again`() {
    var random = SplitMix(state: 4)
    let count = 400
    let hidden = (0..<count).shuffled(using: &random)
    var costs = (0..<count * count).map { _ in Int64.random(in: 1...1 << 30, using: &random) }
    for row in 0..<count { costs[row * count + hidden[row]] = 0 }
    #expect(Assignment.columns(costs: costs, count: count) == hidden)
  }
}
