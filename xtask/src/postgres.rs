//! A PostgreSQL server for one test run: its own folder, port and password; gone with this process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{Cmd, find_on_path};
use crate::system;

/// Makes the data folder, with the password that comes on standard input.
const INIT: &str = r#"
set -e
cat >"$2/password"
"$1/initdb" --pgdata "$2/data" --username=postgres --auth=scram-sha-256 --pwfile="$2/password" \
    --encoding=UTF8 --locale=C --no-sync --no-instructions
rm "$2/password"
"#;

/// Waits for the end of its standard input, which comes whenever this program ends, in whatever way; then stops
/// the server and removes its folder. `$1` is the folder of the programs, `$2` the data folder, `$3` the port.
const WATCH: &str = r#"
trap '' INT HUP TERM
"$1/postgres" -D "$2/data" -p "$3" -k '' -c listen_addresses=127.0.0.1 -c max_connections=300 \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c log_min_messages=panic \
    -c log_min_error_statement=panic >"$2/log" 2>&1 &
cat >/dev/null
kill -INT $!
wait $!
rm -rf "$2"
"#;

/// A running server.
pub(crate) struct Server {
    watcher: Child,
    url: String,
    folder: Folder,
}

/// A folder that goes when this value does; the watcher removes it too, for when this program is killed.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            eprintln!("{} could not be removed: {error}", self.0.display());
        }
    }
}

impl Server {
    /// Starts one and waits until it answers.
    pub(crate) fn start() -> Result<Self> {
        let bin = system::postgres_bin()?;
        let parent = std::env::temp_dir();
        let made = as_server_user("mktemp")?
            .args(["-d", "-p"])
            .arg(&parent)
            .arg("pulsekeep-postgres-XXXXXX")
            .output()?;
        let folder = Folder(made.trim().into());
        let password = password()?;
        let initdb =
            as_server_user("sh")?.args(["-c", INIT, "postgres-init"]).arg(&bin).arg(&folder.0).dir(&parent);
        initdb.output_with_input(&password).context("PostgreSQL's initdb")?;

        let port = free_port()?;
        let watch = as_server_user("sh")?.args(["-c", WATCH, "postgres-watch"]).arg(&bin).arg(&folder.0);
        let watcher = watch.arg(port.to_string()).dir(&parent).spawn_with_pipe()?;
        let mut server = Self {
            watcher,
            url: format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres"),
            folder,
        };
        server.wait_until_ready(&bin, port)?;
        Ok(server)
    }

    /// Where a superuser reaches it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn wait_until_ready(&mut self, bin: &Path, port: u16) -> Result<()> {
        let start = Instant::now();
        let port = port.to_string();
        loop {
            let asked =
                Cmd::new(bin.join("pg_isready")).args(["-q", "-h", "127.0.0.1", "-p", &port]).output();
            if asked.is_ok() {
                return Ok(());
            }
            if start.elapsed() > Duration::from_secs(60) || self.watcher.try_wait()?.is_some() {
                let log = std::fs::read_to_string(self.folder.0.join("log")).unwrap_or_default();
                bail!("PostgreSQL did not come up on port {port}\n{log}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Closing the pipe is the order to stop.
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

/// `program`, run by somebody who is not root: PostgreSQL refuses to run as root.
fn as_server_user(program: impl AsRef<std::ffi::OsStr>) -> Result<Cmd> {
    if !system::is_root() {
        return Ok(Cmd::new(program));
    }
    let user =
        ["postgres", "nobody"].into_iter().find(|user| Cmd::new("id").args(["-u", user]).output().is_ok());
    let Some(user) = user else { bail!("there is no user `postgres` or `nobody` to run PostgreSQL as") };
    if find_on_path("setpriv").is_none() {
        bail!(
            "PostgreSQL does not run as root, and `setpriv` (package util-linux) is missing; run this as another user"
        );
    }
    let ids = [Cmd::new("id").args(["-u", user]).output()?, Cmd::new("id").args(["-g", user]).output()?];
    let cmd = Cmd::new("setpriv")
        .arg(format!("--reuid={}", ids[0].trim()))
        .arg(format!("--regid={}", ids[1].trim()));
    Ok(cmd.args(["--clear-groups", "--"]).arg(program))
}

/// A port that is free now. Somebody else may take it before the server does; that fails loudly.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Others on this machine can reach the port, and a superuser of a database server runs programs as its user.
fn password() -> Result<String> {
    use std::io::Read;
    let mut bytes = [0_u8; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Runs `work` with the address of a fresh server.
pub(crate) fn with_server<T>(work: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    let server = Server::start().context("starting PostgreSQL for the tests")?;
    work(server.url())
}
