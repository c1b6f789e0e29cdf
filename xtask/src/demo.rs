//! `cargo xtask demo`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::args::Args;
use crate::process::{Cmd, find_on_path};
use crate::repo::Repo;
use crate::{native, playground, web};

pub(crate) const HELP: &str = "\
cargo xtask demo [--port N] [--data-dir DIR] [--no-open]

Builds the web app and the server, then runs the product with the simulator in the same process, on loopback
only. It prints one address and the sign-ins; Ctrl-C ends it. Its data stay in the data folder until you delete
it.
  --port N         listen there instead of 8080 (0: any free port)
  --data-dir DIR   keep the data there instead of .pulsekeep
  --no-open        do not open a browser";

pub(crate) fn run(repo: &Repo, args: &mut Args) -> Result<ExitCode> {
    let port = args.port("--port")?;
    let data_dir = args.value("--data-dir")?;
    let no_open = args.flag("--no-open");
    // How this program calls itself, below; not for people.
    let open_when_ready = args.value("--open-when-ready")?;
    args.finish()?;
    if let Some(file) = open_when_ready {
        return open_browser(Path::new(&file));
    }

    let built = build(repo)?;
    let mut server = built.demo().dir(repo.root());
    if let Some(port) = port {
        server = server.arg("--listen").arg(format!("127.0.0.1:{port}"));
    }
    if let Some(dir) = data_dir {
        server = server.arg("--data-dir").arg(dir);
    }
    if !no_open && opener().is_some() {
        let file = std::env::temp_dir().join(format!("pulsekeep-demo-{}.json", std::process::id()));
        let _ = fs::remove_file(&file);
        Cmd::new(std::env::current_exe()?).args(["demo", "--open-when-ready"]).arg(&file).spawn()?;
        server = server.arg("--print-json").arg(&file);
    }
    Err(server.exec())
}

/// What a demo or a browser test runs.
pub(crate) struct Built {
    pub(crate) program: PathBuf,
    pub(crate) web: PathBuf,
    pub(crate) playground: Option<PathBuf>,
}

impl Built {
    /// `pulsekeep demo` with what has been built.
    pub(crate) fn demo(&self) -> Cmd {
        let cmd = Cmd::new(&self.program).args(["demo", "--web-root"]).arg(&self.web);
        match &self.playground {
            Some(playground) => cmd.arg("--playground-root").arg(playground),
            None => cmd,
        }
    }
}

/// Builds all that the product consists of. The web app first: it is what a change touches most.
pub(crate) fn build(repo: &Repo) -> Result<Built> {
    let web = web::build(repo)?;
    let playground = playground::build(repo)?;
    native::build(repo)?;
    Ok(Built { program: repo.program("pulsekeep"), web, playground })
}

/// Waits until the server has written its address, then shows it.
fn open_browser(file: &Path) -> Result<ExitCode> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(120) {
        let ready = fs::read_to_string(file)
            .ok()
            .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        if let (Some(ready), Some(opener)) = (ready, opener()) {
            let url = ready["url"].as_str().context("the server told no address")?;
            fs::remove_file(file)?;
            Cmd::new(opener).arg(url).output()?;
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(ExitCode::SUCCESS)
}

/// The system's way to show a page, where somebody sits in front of it.
fn opener() -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        return find_on_path("open");
    }
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if desktop { find_on_path("xdg-open") } else { None }
}
