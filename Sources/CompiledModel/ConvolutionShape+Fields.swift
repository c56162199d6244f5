extension ConvolutionShape {
  static let fieldCount = 8

  /// Numbers in the order of the file.
  var fields: [Int] {
    [
      height, width, inputChannels, outputChannels, kernelHeight, kernelWidth, stride, padding,
    ]
  }

  /// Numbers from the order of the file.
  init(fields: [Int]) {
    self.init(
      height: fields[0], width: fields[1], inputChannels: fields[2], outputChannels: fields[3],
      kernelHeight: fields[4], kernelWidth: fields[5], stride: fields[6], padding: fields[7])
  }

  /// What a number in the order of the file may be, so that no product of four leaves 64 bits.
  static func range(of field: Int) -> ClosedRange<Int> {
    switch field {
    case 0...3: 1...CompiledModel.sizeMax
    case 7: 0...CompiledModel.kernelMax
    default: 1...CompiledModel.kernelMax
    }
  }
}
