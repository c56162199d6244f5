extension LearningSignalProgram {
  func write(to writer: inout ByteWriter) {
    writer.int32(firstStep)
    switch feedback {
    case .symmetric:
      writer.uint8(0)
    case .random(let seed):
      writer.uint8(1)
      writer.uint64(seed)
    case .adaptive:
      writer.uint8(2)
    case .local(let readout):
      writer.uint8(3)
      writer.uint64(readout.seed)
      writer.int32(readout.decay)
      writer.int32(readout.logitMultiplier)
      writer.int32(readout.logitShift)
    }
    writer.flag(rate != nil)
    if let rate {
      writer.int32(rate.target)
      writer.int32(rate.factor)
      writer.int32(rate.shift)
    }
  }

  /// Reads it where it follows; weights that adapt are a block, which comes later.
  init?(from reader: inout ByteReader, at field: String) throws(ModelError) {
    let field = field + ".signal"
    guard try reader.flag(field) else { return nil }
    let firstStep = try reader.int32(field + ".first step")
    let kind = try reader.uint8(field + ".feedback")
    let feedback: Feedback
    switch kind {
    case 0:
      feedback = .symmetric
    case 1:
      feedback = .random(seed: try reader.uint64(field + ".seed"))
    case 2:
      feedback = .adaptive([])
    case 3:
      feedback = .local(
        LocalReadoutProgram(
          seed: try reader.uint64(field + ".seed"), decay: try reader.int32(field + ".decay"),
          logitMultiplier: try reader.int32(field + ".logit multiplier"),
          logitShift: try reader.int32(field + ".logit shift")))
    default:
      throw reader.error(field + ".feedback", found: "\(kind)", expected: "0 to 3")
    }
    var rate: RateRegulariser?
    if try reader.flag(field + ".rate") {
      rate = RateRegulariser(
        target: try reader.int32(field + ".rate.target"),
        factor: try reader.int32(field + ".rate.factor"),
        shift: try reader.int32(field + ".rate.shift"))
    }
    self.init(firstStep: firstStep, feedback: feedback, rate: rate)
  }
}
