@main
struct Coordinator {
  static func main() {}
}
