extension CounterRandom {
  /// A shuffled order of `0..<count`: the draws of one stream decide it, by Fisher and Yates.
  ///
  /// A draw is scaled to a choice by the high half of a product, so its bias is below
  /// `count / 2^64`.
  package static func permutation(of count: Int, stream: UInt64) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      let draw = CounterRandom.draw(stream, UInt64(last))
      order.swapAt(last, Int(draw.multipliedFullWidth(by: UInt64(last) + 1).high))
    }
    return order
  }
}
