//! The programs in `examples/`, and the scripts that show what they are for, as their readers run them.

use std::process::{Command, Stdio};

/// What an example prints. Ends the test where it fails.
pub async fn run(name: &str, arguments: &[&str]) -> String {
    run_with(&[], name, arguments).await
}

/// The same with variables in its environment.
pub async fn run_with(environment: &[(&str, &str)], name: &str, arguments: &[&str]) -> String {
    let (status, out, err) = try_run_with(environment, name, arguments).await;
    assert!(status, "{name} {arguments:?}: {out}{err}");
    out
}

/// Whether an example ends well, and what it prints to standard output and error.
pub async fn try_run(name: &str, arguments: &[&str]) -> (bool, String, String) {
    try_run_with(&[], name, arguments).await
}

/// The same with variables in its environment.
pub async fn try_run_with(environment: &[(&str, &str)], name: &str, arguments: &[&str]) -> (bool, String, String) {
    let mut command = program(name);
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null());
    let output = actix_web::rt::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn program(name: &str) -> Command {
    let root = env!("CARGO_MANIFEST_DIR");
    let Some((_, form)) = name.rsplit_once('.') else { return Command::new(format!("{root}/script/{name}")) };
    match form {
        "sh" => Command::new(format!("{root}/examples/{name}")),
        "py" => {
            let mut command = Command::new(format!("{root}/script/python"));
            command.arg(format!("{root}/examples/{name}"));
            command
        }
        "ts" => {
            let mut command = Command::new(format!("{root}/script/typescript"));
            command.arg(name.trim_end_matches(".ts"));
            command
        }
        _ => panic!("nothing runs {name}"),
    }
}
