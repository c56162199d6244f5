internal import CHDF5
import Synchronization

/// A file or a group of the hierarchical data format; closed when it goes.
struct HDF5Object: ~Copyable {
  /// Held around every use: the library keeps tables of its own that two threads must not touch.
  static let library = Mutex<Void>(())

  /// What is closed by hand needs no closing when the process ends; the library's own way of doing
  /// that has to find no other thread at work.
  private static let isPrepared: Bool = H5dont_atexit() >= 0

  private let handle: hid_t
  private let isFile: Bool

  private init(_ handle: hid_t, isFile: Bool, _ operation: String) throws(NIRFormatError) {
    guard handle >= 0 else { throw NIRFormatError(operation: operation) }
    self.handle = handle
    self.isFile = isFile
  }

  deinit {
    if isFile { H5Fclose(handle) } else { H5Gclose(handle) }
  }

  /// An empty file in memory.
  static func file() throws(NIRFormatError) -> HDF5Object {
    _ = isPrepared
    // The library prints a trace of each error by itself otherwise.
    hdf5_silence()
    return try HDF5Object(hdf5_create(), isFile: true, "be made")
  }

  /// The bytes of a file as they belong on disk.
  borrowing func image() throws(NIRFormatError) -> [UInt8] {
    let size = hdf5_image(handle, nil, 0)
    guard size > 0 else { throw NIRFormatError(operation: "be closed") }
    var bytes = [UInt8](repeating: 0, count: size)
    guard hdf5_image(handle, &bytes, size) == size else {
      throw NIRFormatError(operation: "be closed")
    }
    return bytes
  }

  /// A new group.
  borrowing func group(_ name: String) throws(NIRFormatError) -> HDF5Object {
    let made = H5Gcreate2(handle, name, hdf5_default(), hdf5_default(), hdf5_default())
    return try HDF5Object(made, isFile: false, "take the group `\(name)`")
  }

  /// An attribute of text.
  borrowing func set(_ name: String, _ text: String) throws(NIRFormatError) {
    let type = H5Tcopy(hdf5_c_string())
    defer { H5Tclose(type) }
    try require(hdf5_variable_length(type) >= 0, name)
    let written = text.withCString { pointer in
      withUnsafePointer(to: pointer) { attribute(name, type, $0) }
    }
    try require(written, name)
  }

  /// An attribute of a number.
  borrowing func set(_ name: String, _ value: Double) throws(NIRFormatError) {
    try require(withUnsafePointer(to: value) { attribute(name, hdf5_double(), $0) }, name)
  }

  /// An attribute of a whole number.
  borrowing func set(_ name: String, _ value: Int64) throws(NIRFormatError) {
    try require(withUnsafePointer(to: value) { attribute(name, hdf5_int64(), $0) }, name)
  }

  /// An array of numbers, the last dimension running fastest.
  borrowing func add(
    _ name: String, _ values: [Double], dimensions: [Int]
  ) throws(NIRFormatError) {
    try add(name, values, as: hdf5_double(), dimensions)
  }

  /// An array of whole numbers, the last dimension running fastest.
  borrowing func add(
    _ name: String, _ values: [Int64], dimensions: [Int]
  ) throws(NIRFormatError) {
    try add(name, values, as: hdf5_int64(), dimensions)
  }

  /// An array of whole numbers without a sign.
  borrowing func add(
    _ name: String, _ values: [UInt64], dimensions: [Int]
  ) throws(NIRFormatError) {
    try add(name, values, as: hdf5_uint64(), dimensions)
  }

  private borrowing func add<Value: BitwiseCopyable>(
    _ name: String, _ values: [Value], as type: hid_t, _ dimensions: [Int]
  ) throws(NIRFormatError) {
    precondition(values.count == dimensions.reduce(1, *), "\(values.count) for \(dimensions)")
    try require(
      values.withUnsafeBytes { dataset(name, type, dimensions, $0.baseAddress) }, name)
  }

  private borrowing func require(_ holds: Bool, _ name: String) throws(NIRFormatError) {
    guard holds else { throw NIRFormatError(operation: "take `\(name)`") }
  }

  private borrowing func attribute(
    _ name: String, _ type: hid_t, _ value: UnsafeRawPointer
  ) -> Bool {
    let space = hdf5_scalar()
    defer { H5Sclose(space) }
    let made = H5Acreate2(handle, name, type, space, hdf5_default(), hdf5_default())
    guard made >= 0 else { return false }
    defer { H5Aclose(made) }
    return H5Awrite(made, type, value) >= 0
  }

  private borrowing func dataset(
    _ name: String, _ type: hid_t, _ dimensions: [Int], _ values: UnsafeRawPointer?
  ) -> Bool {
    let space = H5Screate_simple(Int32(dimensions.count), dimensions.map { hsize_t($0) }, nil)
    defer { H5Sclose(space) }
    let made = H5Dcreate2(
      handle, name, type, space, hdf5_default(), hdf5_default(), hdf5_default())
    guard made >= 0 else { return false }
    defer { H5Dclose(made) }
    return dimensions.contains(0) || hdf5_write(made, type, values) >= 0
  }
}
