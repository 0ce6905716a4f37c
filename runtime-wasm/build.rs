//! How the module for browsers is linked.

#[allow(clippy::print_stdout, reason = "cargo reads it")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        // A browser's faster products are put into the table of functions when the module starts.
        println!("cargo::rustc-cdylib-link-arg=--growable-table");
    }
}
