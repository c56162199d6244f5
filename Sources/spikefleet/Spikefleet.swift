@main
struct Spikefleet {
  static func main() {}
}
