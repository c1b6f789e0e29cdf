//! The command `pulsekeep`.

fn main() -> std::process::ExitCode {
    pulsekeep::cli::run()
}
