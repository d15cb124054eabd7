//! Cargo looks at Rust files only; migrations are built into the program too.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
