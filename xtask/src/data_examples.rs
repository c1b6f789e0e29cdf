//! The examples of `docs/data.md` and `docs/exports.md`, with the Python packages that analysts use, against the demo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::Cmd;
use crate::repo::Repo;
use crate::stamp::{self, Inputs};
use crate::steps::Outcome;
use crate::{native, system};

/// How long the demo may take to listen.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// The people whose data are compared: the first of the simulator's.
const PEOPLE: [&str; 2] = ["nora", "walter"];

/// The step.
pub(crate) fn run(repo: &Repo) -> Result<Outcome> {
    let python = environment(repo)?;
    native::build(repo)?;
    let folder = std::env::temp_dir().join(format!("pulsekeep-examples-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let program = std::path::absolute(repo.program("pulsekeep"))?;
    let result = with_demo(repo, &folder, |url, token| {
        let mut cmd = Cmd::new(&python).arg(repo.path("docs/examples/check.py"));
        cmd = cmd.arg(repo.path("docs/data.md")).arg(repo.path("docs/exports.md")).args(PEOPLE).dir(&folder);
        // The demo exports to a directory of its folder.
        let config = folder.join("data/pulsekeep.toml");
        let export = serde_json::json!([program, "--config", config, "export", "--all", "--wait"]);
        cmd = cmd.env("PULSEKEEP_EXPORT", folder.join("data/exports"));
        cmd = cmd.env("PULSEKEEP_EXPORT_COMMAND", export.to_string());
        cmd.env("PULSEKEEP_URL", url).env("PULSEKEEP_TOKEN", token).run()
    });
    fs::remove_dir_all(&folder)?;
    result?;
    Ok(Outcome::done())
}

/// A virtual environment with the packages, made again when their versions change.
fn environment(repo: &Repo) -> Result<PathBuf> {
    let folder = std::path::absolute(repo.target().join("data-examples"))?;
    let requirements = repo.path("docs/examples/requirements.txt");
    let (python, stamp_file) = (folder.join("bin/python"), folder.join("xtask-stamp"));
    let digest = Inputs::new("data-examples 1").add(&requirements)?.digest();
    if python.is_file() && stamp::is_fresh(&stamp_file, &digest) {
        return Ok(python);
    }
    let base = system::python()?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Cmd::new(base).args(["-m", "venv"]).arg(&folder).run()?;
    let install = Cmd::new(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--only-binary",
        ":all:",
        "--requirement",
    ]);
    install.arg(&requirements).run()?;
    stamp::keep(&stamp_file, &digest)?;
    Ok(python)
}

/// Runs the demo in `folder`; `with` gets its address and an admin's token that reads.
fn with_demo(repo: &Repo, folder: &Path, with: impl FnOnce(&str, &str) -> Result<()>) -> Result<()> {
    let program = std::path::absolute(repo.program("pulsekeep"))?;
    let (data, ready) = (folder.join("data"), folder.join("ready.json"));
    let demo = Cmd::new(&program).args(["demo", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data);
    let mut server = Server(demo.arg("--print-json").arg(&ready).dir(folder).spawn()?);
    let access = server.wait_for(&ready)?;
    let text = |key: &Value| key.as_str().map(str::to_owned).context("the demo told no address");
    let (url, email, config) =
        (text(&access["url"])?, text(&access["admin"]["email"])?, text(&access["config"])?);
    let create = Cmd::new(&program).args(["--config", &config, "token", "create", "--user", &email]);
    let made =
        create.args(["--name", "examples", "--scope", "read:metrics", "--json"]).dir(folder).output()?;
    let made: Value = serde_json::from_str(&made).context("no token was made")?;
    with(url.trim_end_matches('/'), &text(&made["token"])?)
}

/// A server that ends with this value.
struct Server(Child);

impl Server {
    fn wait_for(&mut self, ready: &Path) -> Result<Value> {
        let start = Instant::now();
        while start.elapsed() < READY_WITHIN {
            if let Some(access) =
                fs::read_to_string(ready).ok().and_then(|text| serde_json::from_str(&text).ok())
            {
                return Ok(access);
            }
            if let Some(status) = self.0.try_wait()? {
                bail!("the demo has ended ({status})");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the demo was not ready in {} seconds", READY_WITHIN.as_secs())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
