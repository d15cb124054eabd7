//! The programs in `examples/`, as their readers run them.

use std::process::Stdio;

/// What a Python example prints. Ends the test where it fails.
pub async fn run(name: &str, arguments: &[&str]) -> String {
    let (status, out, err) = try_run(name, arguments).await;
    assert!(status, "{name} {arguments:?}: {out}{err}");
    out
}

/// Whether a Python example ends well, and what it prints to standard output and error.
pub async fn try_run(name: &str, arguments: &[&str]) -> (bool, String, String) {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut command = std::process::Command::new(format!("{root}/script/python"));
    command.arg(format!("{root}/examples/{name}")).args(arguments).stdin(Stdio::null());
    let output = actix_web::rt::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}
