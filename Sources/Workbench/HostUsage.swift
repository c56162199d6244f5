import Foundation

/// What this process takes of its machine.
package enum HostUsage {
  /// Resident memory in KiB, 0 where the system does not tell.
  package static func residentKibibytes() -> Int {
    let pages = fields(of: "/proc/self/statm").dropFirst().first ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE))) / 1_024
  }

  /// Processor time in microseconds, user and system.
  package static func processorMicroseconds() -> UInt64 {
    var usage = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
    return UInt64(seconds) * 1_000_000 + UInt64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
  }

  /// Thousandths of charge that a file says in percent, as those of `/sys/class/power_supply` do.
  ///
  /// Nil where it does not.
  package static func chargePerMille(in path: String) -> UInt32? {
    guard let percent = fields(of: path).first, (0...100).contains(percent) else { return nil }
    return UInt32(percent) * 10
  }

  private static func fields(of path: String) -> [Int] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self).split(
      whereSeparator: \.isWhitespace
    )
    .compactMap { Int($0) }
  }
}
