import ArgumentParser

/// The coordinator itself, or, by its first argument, the enrolment process beside it or a restore.
@main
enum EntryPoint {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "enrol": Enrol.main(Array(arguments.dropFirst()))
    case "restore": Restore.main(Array(arguments.dropFirst()))
    default: await Coordinator.main(arguments)
    }
  }
}
