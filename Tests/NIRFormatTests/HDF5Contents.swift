import CHDF5
import Testing

/// What a file holds, read by the library itself; one test at a time.
struct HDF5Contents: ~Copyable {
  private let file: hid_t

  init(_ path: String) throws {
    file = H5Fopen(path, 0, hdf5_default())
    try #require(file >= 0, "\(path)")
  }

  deinit { H5Fclose(file) }

  /// Names in a group, in the order of their bytes.
  func names(_ group: String) throws -> [String] {
    let opened = try object(group)
    defer { H5Oclose(opened) }
    var info = H5G_info_t()
    try #require(H5Gget_info(opened, &info) >= 0)
    return try (0..<info.nlinks).map { place in
      var name = [CChar](repeating: 0, count: 256)
      let length = H5Lget_name_by_idx(
        opened, ".", H5_INDEX_NAME, H5_ITER_INC, place, &name, name.count, hdf5_default())
      try #require(length > 0 && length < name.count)
      return String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// An attribute of text.
  func text(_ path: String, _ name: String) throws -> String {
    try attribute(path, name, H5T_STRING) { attribute, type in
      var pointer: UnsafeMutablePointer<CChar>?
      try #require(H5Aread(attribute, type, &pointer) >= 0)
      defer { H5free_memory(pointer) }
      return String(cString: try #require(pointer))
    }
  }

  /// An attribute of a number.
  func double(_ path: String, _ name: String) throws -> Double {
    try attribute(path, name, H5T_FLOAT) { attribute, _ in
      var value = 0.0
      try #require(H5Aread(attribute, hdf5_double(), &value) >= 0)
      return value
    }
  }

  /// An attribute of a whole number.
  func integer(_ path: String, _ name: String) throws -> Int64 {
    try attribute(path, name, H5T_INTEGER) { attribute, _ in
      var value: Int64 = 0
      try #require(H5Aread(attribute, hdf5_int64(), &value) >= 0)
      return value
    }
  }

  /// Dimensions and elements of an array of numbers.
  func doubles(_ path: String) throws -> (dimensions: [Int], values: [Double]) {
    try array(path, H5T_FLOAT, hdf5_double(), zero: 0)
  }

  /// Dimensions and elements of an array of whole numbers.
  func integers(_ path: String) throws -> (dimensions: [Int], values: [Int64]) {
    try array(path, H5T_INTEGER, hdf5_int64(), zero: 0)
  }

  /// The same without a sign.
  func unsigned(_ path: String) throws -> (dimensions: [Int], values: [UInt64]) {
    try array(path, H5T_INTEGER, hdf5_uint64(), zero: 0)
  }

  private func object(_ path: String) throws -> hid_t {
    let opened = H5Oopen(file, path, hdf5_default())
    try #require(opened >= 0, "\(path)")
    return opened
  }

  private func attribute<Value>(
    _ path: String, _ name: String, _ kind: H5T_class_t, _ read: (hid_t, hid_t) throws -> Value
  ) throws -> Value {
    let opened = try object(path)
    defer { H5Oclose(opened) }
    let attribute = H5Aopen(opened, name, hdf5_default())
    try #require(attribute >= 0, "\(path) \(name)")
    defer { H5Aclose(attribute) }
    let type = H5Aget_type(attribute)
    defer { H5Tclose(type) }
    try #require(H5Tget_class(type) == kind, "\(path) \(name)")
    return try read(attribute, type)
  }

  private func array<Value: BitwiseCopyable>(
    _ path: String, _ kind: H5T_class_t, _ memory: hid_t, zero: Value
  ) throws -> (dimensions: [Int], values: [Value]) {
    let set = H5Dopen2(file, path, hdf5_default())
    try #require(set >= 0, "\(path)")
    defer { H5Dclose(set) }
    let type = H5Dget_type(set)
    defer { H5Tclose(type) }
    try #require(H5Tget_class(type) == kind && H5Tget_size(type) == 8, "\(path)")
    let space = H5Dget_space(set)
    defer { H5Sclose(space) }
    let rank = H5Sget_simple_extent_ndims(space)
    try #require(rank > 0)
    var dimensions = [hsize_t](repeating: 0, count: Int(rank))
    try #require(H5Sget_simple_extent_dims(space, &dimensions, nil) == rank)
    var values = [Value](repeating: zero, count: Int(dimensions.reduce(1, *)))
    if !values.isEmpty {
      let status = values.withUnsafeMutableBytes {
        H5Dread(set, memory, 0, 0, hdf5_default(), $0.baseAddress)
      }
      try #require(status >= 0, "\(path)")
    }
    return (dimensions.map { Int($0) }, values)
  }
}
