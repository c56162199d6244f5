package import FleetCore
import GRDB

extension FleetStore {
  /// Facts of every model that was ever stored, by digest: those of removed ones too.
  ///
  /// Rounds that are over refer to models that may have been removed since.
  package func everyModel() throws(StoreError) -> [ContentDigest: ModelRecord] {
    try database.read("reading models") { db in
      let loader = FleetLoader(db: db)
      var models: [ContentDigest: ModelRecord] = [:]
      let rows = try Row.fetchCursor(db, sql: "SELECT * FROM model")
      while let row = try rows.next() {
        let model = try loader.model(StoredRow(row, of: "model"))
        models[model.digest] = model
      }
      return models
    }
  }
}
