extension CompiledModel {
  /// Largest number of bytes of a name.
  package static let nameBytesMax = 63
  /// Largest number of steps of a sample.
  package static let stepsMax = 4096
  /// Largest quantity of the network; the smallest is its inverse, so that products stay finite.
  package static let measureMax = 1e100
  /// Largest number of neurons or channels of a layer.
  package static let sizeMax = 1 << 20
  /// Largest number of classes of a model that learns from labels.
  package static let classesMax = 1024
  /// Largest number of layers.
  package static let layersMax = 64
  /// Largest number of connections that feed one layer.
  package static let connectionsMax = 256
  /// Largest number of weights of one connection.
  package static let weightsMax = 1 << 28
  /// Largest side, stride and padding of a kernel.
  package static let kernelMax = 1024
  /// Longest delay of a connection in steps.
  package static let delayMax = 255
  /// Largest number of chip steps by which a layer runs behind the input.
  package static let phaseMax = 4096
  /// Largest number of cores.
  package static let coresMax = 4096
  /// Largest place in a row or a column of the mesh.
  package static let meshMax = 4095
  /// Largest number of messages that the buffer of a link holds.
  package static let linkBufferMax = 65535
}

extension StateArithmetic {
  /// Bits that a potential or a current may have.
  static let bitsRange = 8...24
}
