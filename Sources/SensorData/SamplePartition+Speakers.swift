import SpikingNetwork

extension SamplePartition {
  /// Positions of each speaker's samples, the speakers in turn.
  static func dealSpeakers(_ ids: [UInt64], _ hands: inout [[Int]]) throws(SensorDataError) {
    let speakers = Set(ids.map { $0 >> 32 }).sorted()
    guard speakers.count >= hands.count else {
      throw SensorDataError(
        .setting, place: "partition `speaker`", field: "speakers", found: "\(speakers.count)",
        expected: "at least \(hands.count), one for each node",
        cure: "name fewer nodes, or samples of `data import --wav`")
    }
    for (turn, speaker) in speakers.enumerated() {
      hands[turn % hands.count] += ids.indices.filter { ids[$0] >> 32 == speaker }
    }
  }
}
