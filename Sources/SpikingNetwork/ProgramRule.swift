/// A learning rule that is data: formulas over declared traces.
///
/// Units: traces count impulses, weights, tags and their changes are in weights of the description,
/// the reward is within -1 to 1.
package struct ProgramRule: Sendable, Equatable, Codable {
  /// The change of the weight, as `SumOfProducts` reads it.
  package var dw: String
  /// The change of the tag `t`, a value of each synapse that is 0 at a sample's start; nil without
  /// tags.
  package var dt: String?
  /// The traces that the formulas read, by name: x1, x2, y1, y2, y3.
  package var traces: [String: TraceRule]
  /// Smallest weight.
  package var weightMin: Double
  /// Largest weight.
  package var weightMax: Double
  /// Bits of a weight: 2^bits values from the smallest to the largest; nil for the chip's own grid.
  package var bits: Int?
  /// What is left of the running mean of rewards after one more, 0 to 1; nil for no mean.
  ///
  /// With it, `r` is the reward less the mean.
  package var rewardDecay: Double?
  /// How a label drives the target's neurons while they learn; nil without a teacher.
  package var teacher: TeacherSignal?

  /// Weights within 0 to 1 on the chip's own grid, no tag and no teacher, unless told otherwise.
  package init(
    dw: String, dt: String? = nil, traces: [String: TraceRule], weightMin: Double = 0,
    weightMax: Double = 1, bits: Int? = nil, rewardDecay: Double? = nil,
    teacher: TeacherSignal? = nil
  ) {
    self.dw = dw
    self.dt = dt
    self.traces = traces
    self.weightMin = weightMin
    self.weightMax = weightMax
    self.bits = bits
    self.rewardDecay = rewardDecay
    self.teacher = teacher
  }

  /// The formula of the weight.
  package func weightChange() throws(RuleTextError) -> SumOfProducts {
    try SumOfProducts(reading: dw, name: "dw")
  }

  /// The formula of the tag, nil without one.
  package func tagChange() throws(RuleTextError) -> SumOfProducts? {
    guard let dt else { return nil }
    return try SumOfProducts(reading: dt, name: "dt")
  }
}

/// A trace of a neuron's spikes: it rises by one impulse at each and falls in one of three ways.
package struct TraceRule: Sendable, Equatable, Codable {
  /// Whether the terms of a step see the trace before or after the spikes of this step.
  package enum Reading: String, Sendable, Codable, CaseIterable {
    /// Without the spikes of this step.
    case before
    /// With the spikes of this step.
    case after
  }

  /// Time constant in seconds of an exponential decay.
  package var tau: Double?
  /// It loses its 2^shift-th part in each step, by a shift alone.
  package var shift: Int?
  /// It is 1 until so many steps after a spike, then 0.
  package var window: Int?
  /// Whether a spike sets it to one impulse rather than adding one.
  package var nearest: Bool?
  /// When it is read; nil for after the spikes of the source, before those of the target.
  package var reads: Reading?

  /// A trace; one of the first three is given.
  package init(
    tau: Double? = nil, shift: Int? = nil, window: Int? = nil, nearest: Bool? = nil,
    reads: Reading? = nil
  ) {
    self.tau = tau
    self.shift = shift
    self.window = window
    self.nearest = nearest
    self.reads = reads
  }
}
