//! Lets the binaries find libtorch without environment variables: in the folder they were linked against and in
//! `target/libtorch`, seen from where cargo puts them. `LD_LIBRARY_PATH` still comes first. Also notes the commit.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if let Some(folder) = std::env::var_os("LIBTORCH") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}/lib", folder.to_string_lossy());
    }
    for up in ["..", "../.."] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/{up}/libtorch/lib");
    }
    println!("cargo:rerun-if-changed=../.git/logs/HEAD");
    let commit = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let commit = commit.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let commit = commit.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    println!(
        "cargo:rustc-env=GQN_COMMIT={}",
        if commit.is_empty() { "unknown" } else { commit.trim() }
    );
}
