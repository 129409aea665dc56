//! Says that this is the fuzz targets' build, which `cargo fuzz` does as well.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=fuzzing");
}
