//! Lets the tests find libtorch without environment variables, as the trainer's build script does for its programs.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if let Some(folder) = std::env::var_os("LIBTORCH") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}/lib", folder.to_string_lossy());
    }
    for up in ["..", "../.."] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/{up}/libtorch/lib");
    }
}
