#[test]
fn schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema.graphql");
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == pulsekeep::graphql::sdl(),
        "schema.graphql is not the schema of this code: run `cargo xtask generate` and commit the file"
    );
}
