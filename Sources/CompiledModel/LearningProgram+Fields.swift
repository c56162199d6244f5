extension LearningProgram {
  /// Appends the program as files have it.
  func write(to writer: inout ByteWriter) {
    writer.int32(weightStep)
    writer.uint8(UInt8(traces.count))
    for trace in traces {
      writer.uint8(trace.name.rawValue)
      let (kind, value) = trace.fall.fields
      writer.uint8(kind)
      writer.int32(value)
      writer.int32(trace.impulse)
      writer.flag(trace.isNearest)
      writer.flag(trace.readsBefore)
    }
    writer.uint8(UInt8(terms.count))
    for term in terms {
      writer.flag(term.changesTag)
      let (kind, exponent) = term.occasion.fields
      writer.uint8(kind)
      writer.int32(exponent)
      writer.int32(term.mantissa)
      writer.int32(term.shift)
      writer.uint8(UInt8(term.factors.count))
      for factor in term.factors {
        writer.uint8(factor.variable.rawValue)
        writer.int32(factor.offset)
      }
    }
  }

  /// Reads a program; `validate` judges its numbers.
  init(from reader: inout ByteReader, at field: String) throws(ModelError) {
    weightStep = try reader.int32(field + ".weight step")
    traces = []
    for index in 0..<(try reader.uint8(field + ".traces")) {
      traces.append(try Trace(from: &reader, at: "\(field).traces[\(index)]"))
    }
    terms = []
    for index in 0..<(try reader.uint8(field + ".terms")) {
      terms.append(try Term(from: &reader, at: "\(field).terms[\(index)]"))
    }
  }
}

extension LearningProgram.Trace {
  fileprivate init(from reader: inout ByteReader, at field: String) throws(ModelError) {
    name = try LearningProgram.Variable(from: &reader, at: field + ".name")
    let kind = try reader.uint8(field + ".fall")
    let value = try reader.int32(field + ".fall")
    switch kind {
    case 0: fall = .decay(value)
    case 1: fall = .shift(value)
    case 2: fall = .window(value)
    default: throw reader.error(field + ".fall", found: "\(kind)", expected: "0 to 2")
    }
    impulse = try reader.int32(field + ".impulse")
    isNearest = try reader.flag(field + ".nearest")
    readsBefore = try reader.flag(field + ".reads before")
  }
}

extension LearningProgram.Term {
  fileprivate init(from reader: inout ByteReader, at field: String) throws(ModelError) {
    changesTag = try reader.flag(field + ".tag")
    let kind = try reader.uint8(field + ".occasion")
    let exponent = try reader.int32(field + ".period")
    switch (kind, exponent) {
    case (0, 0): occasion = .presynapticSpike
    case (1, 0): occasion = .postsynapticSpike
    case (2, _): occasion = .period(exponent: exponent)
    case (3, 0): occasion = .end
    default:
      throw reader.error(
        field + ".occasion", found: "\(kind) with \(exponent)", expected: "0, 1, 3, or 2 and K")
    }
    mantissa = try reader.int32(field + ".mantissa")
    shift = try reader.int32(field + ".shift")
    factors = []
    for index in 0..<(try reader.uint8(field + ".factors")) {
      let place = "\(field).factors[\(index)]"
      factors.append(
        LearningProgram.Factor(
          try LearningProgram.Variable(from: &reader, at: place),
          plus: try reader.int32(place + ".offset")))
    }
  }
}

extension LearningProgram.Variable {
  fileprivate init(from reader: inout ByteReader, at field: String) throws(ModelError) {
    let raw = try reader.uint8(field)
    guard let variable = Self(rawValue: raw) else {
      throw reader.error(field, found: "\(raw)", expected: "0 to \(Self.allCases.count - 1)")
    }
    self = variable
  }
}

extension LearningProgram.Fall {
  fileprivate var fields: (kind: UInt8, value: Int32) {
    switch self {
    case .decay(let decay): (0, decay)
    case .shift(let shift): (1, shift)
    case .window(let steps): (2, steps)
    }
  }
}

extension LearningProgram.Occasion {
  fileprivate var fields: (kind: UInt8, exponent: Int32) {
    switch self {
    case .presynapticSpike: (0, 0)
    case .postsynapticSpike: (1, 0)
    case .period(let exponent): (2, exponent)
    case .end: (3, 0)
    }
  }
}
