import Accelerator
import ArgumentParser
import Foundation

/// `spikefleet-bench`: measures the chip and its compiler, one JSON line for each case.
@main
struct Benchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spikefleet-bench",
    abstract: "Measure the chip, its compiler and the fleet: one JSON line a case.",
    discussion: "Times are CPU time of the measuring thread; a value is the median of several runs "
      + "after a warm-up, and `low` and `high` are the extremes. A timed run counts and "
      + "prices its events, and its first samples are held against the scalar oracle. Run it from "
      + "the repository's folder, or name the chip files with --chips.")

  @Option(help: "Only cases whose names begin with this.")
  var filter = ""

  @Flag(help: "Print the names of the cases and end.")
  var list = false

  @Option(help: "Kernels: best, or one of those that --list-kernels prints.")
  var kernels = "best"

  @Flag(help: "Print the names of the kernels that this machine can run, and end.")
  var listKernels = false

  @Option(help: "Folder of chip files.")
  var chips = "fleet-configs/chips"

  @Option(help: "File of recorded telemetry.")
  var recording = "fleet-configs/telemetry/digits.blocks"

  @Option(help: "Runs of a case, of which the median counts.")
  var runs = 5

  @Flag(help: .hidden)
  var child = false

  @Option(help: .hidden)
  var runModel: String?

  func validate() throws {
    guard (1...99).contains(runs) else { throw ValidationError("--runs takes 1 to 99") }
  }

  func run() throws {
    if listKernels {
      for kernels in KernelSet.available { print(kernels.name) }
      return
    }
    if let runModel {
      print(
        try InferenceCases.runForMemory(modelAt: runModel, kernels: BenchContext(self).kernels))
      return
    }
    let chosen = BenchCase.all.filter { $0.name.hasPrefix(filter) }
    guard !chosen.isEmpty else {
      throw ValidationError("no case begins with `\(filter)`; --list prints them all")
    }
    if list {
      for entry in chosen { print(entry.name) }
      return
    }
    let context = try BenchContext(self)
    for entry in chosen {
      if entry.needsProcess && !child {
        try runChild(entry.name)
      } else {
        print(try entry.run(context).line(case: entry.name, unit: entry.unit))
      }
    }
  }

  /// Peak memory belongs to a process, so such a case has one of its own.
  private func runChild(_ name: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [
      "--child", "--filter", name, "--kernels", kernels, "--chips", chips, "--runs", "\(runs)",
    ]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw BenchError("case \(name) ended with status \(process.terminationStatus)")
    }
  }
}

/// What all cases share.
struct BenchContext {
  let kernels: KernelSet
  let chips: String
  let runs: Int
  let recording: String

  init(_ command: Benchmark) throws {
    if command.kernels == "best" {
      kernels = .best
    } else if let named = KernelSet.available.first(where: { $0.name == command.kernels }) {
      kernels = named
    } else {
      throw ValidationError(
        "this machine has no kernels `\(command.kernels)`; --list-kernels prints what it has")
    }
    chips = command.chips
    runs = command.runs
    recording = command.recording
  }

  /// Says on standard error what is going on.
  func note(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }
}

/// A case that could not be measured, or that computed something else than the oracle.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
