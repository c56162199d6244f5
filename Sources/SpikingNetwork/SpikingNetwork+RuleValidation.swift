extension SpikingNetwork {
  /// Judges a rule that is data: its text, its traces and its bounds.
  func validate(_ rule: ProgramRule, at field: String) throws(NetworkError) {
    var read: Set<SumOfProducts.Variable> = []
    let weightChange = try formula("dw", field) { () throws(RuleTextError) in
      try rule.weightChange()
    }
    read.formUnion(weightChange?.variables ?? [])
    let tagChange = try formula("dt", field) { () throws(RuleTextError) in try rule.tagChange() }
    read.formUnion(tagChange?.variables ?? [])
    let count = (weightChange?.terms.count ?? 0) + (tagChange?.terms.count ?? 0)
    guard count <= SumOfProducts.termsMax else {
      throw NetworkError(
        field: field + ".dt", found: "\(count) terms with those of dw",
        expected: "at most \(SumOfProducts.termsMax)", cure: "say it with fewer terms")
    }
    if read.contains(.t), tagChange == nil {
      throw NetworkError(
        field: field + ".dw", found: "the tag t", expected: "a formula dt that changes it",
        cure: "give dt, or leave t out")
    }
    if let decay = rule.rewardDecay {
      try within(decay, 0...1, field + ".rewardDecay")
      guard read.contains(.r) else {
        throw NetworkError(
          field: field + ".rewardDecay", found: "\(decay), but no formula that reads r",
          expected: "a use of the reward", cure: "read r, or leave rewardDecay out")
      }
    }
    try validateTraces(of: rule, read: read, at: field)
    try within(rule.weightMin, -1e3...1e3, field + ".weightMin")
    try within(rule.weightMax, rule.weightMin...2e3, field + ".weightMax")
    if let bits = rule.bits { try within(Double(bits), 1...16, field + ".bits") }
  }

  private func formula(
    _ name: String, _ field: String, _ parse: () throws(RuleTextError) -> SumOfProducts?
  ) throws(NetworkError) -> SumOfProducts? {
    do throws(RuleTextError) { return try parse() } catch {
      throw NetworkError(
        field: "\(field).\(name)",
        found: "\(error.found) in term \(error.term) at column \(error.column)",
        expected: error.expected, cure: "correct the formula there")
    }
  }

  private func validateTraces(
    of rule: ProgramRule, read: Set<SumOfProducts.Variable>, at field: String
  ) throws(NetworkError) {
    let names = SumOfProducts.Variable.allCases.filter(\.isTrace)
    for name in rule.traces.keys.sorted() where !names.map(\.rawValue).contains(name) {
      throw NetworkError(
        field: field + ".traces", found: "`\(name)`",
        expected: "one of " + names.map(\.rawValue).joined(separator: ", "),
        cure: "give the trace one of these names")
    }
    for name in names {
      let place = "\(field).traces.\(name.rawValue)"
      guard let trace = rule.traces[name.rawValue] else {
        guard !read.contains(name) else {
          throw NetworkError(
            field: place, found: "no trace, but a formula that reads it",
            expected: "a declaration with tau, shift or window",
            cure: "declare the trace, or leave it out of the formula")
        }
        continue
      }
      guard read.contains(name) else {
        throw NetworkError(
          field: place, found: "a trace that no formula reads", expected: "a use of it",
          cure: "remove it: it would take memory and energy")
      }
      try validate(trace, at: place)
    }
  }

  private func validate(_ trace: TraceRule, at field: String) throws(NetworkError) {
    let given = [trace.tau != nil, trace.shift != nil, trace.window != nil].count { $0 }
    guard given == 1 else {
      throw NetworkError(
        field: field, found: "\(given) of tau, shift and window", expected: "one of them",
        cure: "say how the trace falls, in one way")
    }
    if let tau = trace.tau { try positive(tau, field + ".tau") }
    if let shift = trace.shift { try within(Double(shift), 1...14, field + ".shift") }
    if let window = trace.window { try within(Double(window), 0...4095, field + ".window") }
  }
}
