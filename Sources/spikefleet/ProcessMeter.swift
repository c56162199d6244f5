import Foundation

/// What a process uses, read from outside.
struct ProcessMeter {
  let processID: Int32

  /// Resident memory in MiB; nil once the process has ended.
  var residentMebibytes: Double? { mebibytes("VmRSS:") }

  /// The most that was resident since the start, or since `forgetPeak`.
  var peakMebibytes: Double? { mebibytes("VmHWM:") }

  /// Lets the peak begin again at what is resident now.
  func forgetPeak() {
    guard let handle = FileHandle(forWritingAtPath: "/proc/\(processID)/clear_refs") else { return }
    try? handle.write(contentsOf: Data("5".utf8))
  }

  private func mebibytes(_ name: String) -> Double? {
    guard let text = read("status"),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
    else { return nil }
    return line.split(separator: " ").compactMap { Double($0) }.first.map { $0 / 1_024 }
  }

  /// Processor seconds used so far, by itself and for it.
  var processorSeconds: Double? {
    guard let text = read("stat"), let end = text.lastIndex(of: ")") else { return nil }
    let words = text[text.index(after: end)...].split(separator: " ")
    guard words.count > 12, let user = Double(words[11]), let system = Double(words[12]) else {
      return nil
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private func read(_ file: String) -> String? {
    guard let handle = FileHandle(forReadingAtPath: "/proc/\(processID)/\(file)"),
      let bytes = try? handle.readToEnd()
    else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
