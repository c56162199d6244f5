extension ThreeFactorProgram {
  static let fieldCount = 13

  /// Parameters in the order of the file.
  var fields: [Int32] {
    [
      preDecay, postDecay, impulse, preFactor, postFactor, signalShift, signalLimit, gain,
      secondPreDecay, readsTraceBefore, isAppliedEachStep, weightDecay, adaptationFactor,
    ]
  }

  /// Parameters from the order of the file.
  init(fields: [Int32]) {
    self.init(
      preDecay: fields[0], postDecay: fields[1], impulse: fields[2], preFactor: fields[3],
      postFactor: fields[4], signalShift: fields[5], signalLimit: fields[6], gain: fields[7],
      secondPreDecay: fields[8], readsTraceBefore: fields[9], isAppliedEachStep: fields[10],
      weightDecay: fields[11], adaptationFactor: fields[12])
  }
}

extension SDSPProgram {
  static let fieldCount = 6

  /// Parameters in the order of the file.
  var fields: [Int32] {
    [
      potentialThreshold, activityMin, activityMaxUp, activityMaxDown, activityLeakSteps,
      probability,
    ]
  }

  /// Parameters from the order of the file.
  init(fields: [Int32]) {
    self.init(
      potentialThreshold: fields[0], activityMin: fields[1], activityMaxUp: fields[2],
      activityMaxDown: fields[3], activityLeakSteps: fields[4], probability: fields[5])
  }
}
