import FleetCore
import FleetProtocol
import Foundation
import GRDB
import SwiftProtobuf

/// A column that does not hold what this program writes there.
struct RowDamage: Error {
  let table: String
  let column: String
}

/// Reads the columns of one row without trusting them.
struct StoredRow {
  let row: Row
  let table: String

  init(_ row: Row, of table: String) {
    self.row = row
    self.table = table
  }

  private func value(_ column: String) throws(RowDamage) -> DatabaseValue {
    guard let value = row[column] as DatabaseValue? else { throw damage(column) }
    return value
  }

  func damage(_ column: String) -> RowDamage { RowDamage(table: table, column: column) }

  func isNull(_ column: String) throws(RowDamage) -> Bool { try value(column).isNull }

  func integer(_ column: String) throws(RowDamage) -> Int64 {
    guard case .int64(let number) = try value(column).storage else { throw damage(column) }
    return number
  }

  /// A 64-bit pattern: SQLite's integers are signed, and only their bits are ours.
  func bits(_ column: String) throws(RowDamage) -> UInt64 {
    UInt64(bitPattern: try integer(column))
  }

  func number(_ column: String) throws(RowDamage) -> UInt32 {
    guard let number = UInt32(exactly: try integer(column)) else { throw damage(column) }
    return number
  }

  func instant(_ column: String) throws(RowDamage) -> Instant {
    Instant(microseconds: try integer(column))
  }

  func real(_ column: String) throws(RowDamage) -> Double? {
    switch try value(column).storage {
    case .null: return nil
    case .double(let number): return number
    default: throw damage(column)
    }
  }

  func bytes(_ column: String) throws(RowDamage) -> [UInt8] {
    guard case .blob(let data) = try value(column).storage else { throw damage(column) }
    return [UInt8](data)
  }

  func word(_ column: String) throws(RowDamage) -> String {
    guard case .string(let text) = try value(column).storage else { throw damage(column) }
    return text
  }

  /// Free text, stored as its UTF-8 bytes.
  func text(_ column: String) throws(RowDamage) -> String {
    guard let text = String(validating: try bytes(column), as: UTF8.self) else {
      throw damage(column)
    }
    return text
  }

  func identifier(_ column: String) throws(RowDamage) -> Identifier {
    guard let name = Identifier(try word(column)) else { throw damage(column) }
    return name
  }

  func digest(_ column: String) throws(RowDamage) -> ContentDigest {
    guard let digest = ContentDigest(try bytes(column)) else { throw damage(column) }
    return digest
  }

  func generation(_ prefix: String) throws(RowDamage) -> Generation {
    Generation(epoch: try bits("\(prefix)_epoch"), number: try bits("\(prefix)_number"))
  }

  func roundKey() throws(RowDamage) -> RoundKey {
    RoundKey(job: try identifier("job"), round: try number("round"), attempt: try number("attempt"))
  }

  func counts(_ column: String) throws(RowDamage) -> [UInt64] {
    guard let counts = PackedCounts.unpack(try bytes(column)) else { throw damage(column) }
    return counts
  }

  func window(_ column: String) throws(RowDamage) -> WireTelemetryWindow {
    do {
      return try WireTelemetryWindow(serializedBytes: try bytes(column))
    } catch {
      throw damage(column)
    }
  }
}

/// Counters as consecutive little-endian 64-bit words.
enum PackedCounts {
  static func pack(_ counts: [UInt64]) -> Data {
    var data = Data(capacity: counts.count * 8)
    for count in counts {
      withUnsafeBytes(of: count.littleEndian) { data.append(contentsOf: $0) }
    }
    return data
  }

  static func unpack(_ bytes: [UInt8]) -> [UInt64]? {
    guard bytes.count.isMultiple(of: 8) else { return nil }
    return stride(from: 0, to: bytes.count, by: 8).map { start in
      bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}

extension String {
  /// UTF-8 bytes for a column of free text: as SQLite text it would end at its first NUL.
  var stored: Data { Data(utf8) }
}

extension ContentDigest {
  var stored: Data { Data(bytes) }
}

extension UInt64 {
  /// The same 64 bits as SQLite's signed integer.
  var stored: Int64 { Int64(bitPattern: self) }
}
