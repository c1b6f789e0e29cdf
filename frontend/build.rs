//! Rebuilds when a locale file or the schema changes: the macros that read them cannot say so themselves.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=../schema.graphql");
}
