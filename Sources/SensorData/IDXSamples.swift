package import SpikingNetwork

/// Samples as three IDX arrays that belong together: images, labels and, where known, ids.
package enum IDXSamples {
  /// Joins arrays; without ids a sample's id is its position.
  ///
  /// `files` name them in errors.
  package static func join(
    images: IDXArray, labels: IDXArray, ids: IDXArray? = nil,
    files: (images: String, labels: String, ids: String)
  ) throws(SensorDataError) -> LabelledSamples {
    func broken(_ file: String, _ field: String, _ found: String, _ expected: String)
      -> SensorDataError
    {
      SensorDataError(
        .malformed, place: file, field: field, found: found, expected: expected,
        cure: "write the files anew, together")
    }
    guard images.elementType == .unsigned8, images.dimensions.count >= 2,
      images.dimensions.dropFirst().allSatisfy({ $0 > 0 })
    else {
      throw broken(
        files.images, "shape", "\(images.dimensions) of type \(images.elementType)",
        "[samples, channels] or [samples, rows, columns] of unsigned bytes")
    }
    let count = images.dimensions[0]
    guard labels.elementType == .unsigned8, labels.dimensions == [count] else {
      throw broken(
        files.labels, "shape", "\(labels.dimensions) of type \(labels.elementType)",
        "[\(count)] of unsigned bytes, one for each image")
    }
    var numbers = (0..<UInt64(count)).map { $0 }
    if let ids {
      guard let given = ids.identifiers, given.count == count else {
        throw broken(
          files.ids, "shape", "\(ids.dimensions) of type \(ids.elementType)",
          "[\(count), 2] of 32-bit integers, or [\(count)] that are not negative")
      }
      numbers = given
    }
    return LabelledSamples(
      channels: images.dimensions.dropFirst().reduce(1, *), intensities: images.payload,
      labels: labels.payload, ids: numbers)
  }
}
