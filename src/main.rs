//! The `onrecord` program.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use onrecord::{cli, telemetry};

fn main() -> ExitCode {
    telemetry::start();
    match actix_web::rt::System::new().block_on(cli::run(cli::Cli::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if standard error is closed.
            let _ = writeln!(std::io::stderr(), "onrecord: {error:#}");
            ExitCode::FAILURE
        }
    }
}
