//! A program under trial: started, killed, frozen, measured.

use std::{
    fs::File,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;

/// How long a program that is told to stop may take.
const GRACE: Duration = Duration::from_secs(15);
/// Between two looks at a program that is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A running program. Killed when it is dropped.
pub(crate) struct Process {
    pub(crate) name: String,
    child: Child,
    used: Usage,
}

/// What a program took so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Most resident memory, in bytes.
    pub(crate) peak: u64,
    /// Time of all cores, in milliseconds.
    pub(crate) cpu_ms: u64,
}

impl Process {
    /// Starts `command`; its complaints go to `{name}.log` in `folder`, after those of earlier processes of that name.
    pub(crate) fn start(name: &str, mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let log = File::options().create(true).append(true).open(folder.join(format!("{name}.log")))?;
        let child = command
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        Ok(Self { name: name.to_owned(), child, used: Usage::default() })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends a signal by its name, for example `STOP`.
    pub(crate) fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let order = format!("kill -{signal} {}", self.child.id());
        let done = Command::new("sh").args(["-c", &order]).status().context("no shell to send signals by")?;
        anyhow::ensure!(done.success(), "{} is gone", self.name);
        Ok(())
    }

    /// SIGKILL: no handler runs, nothing is flushed. Returns what it took.
    pub(crate) fn kill(mut self) -> anyhow::Result<Usage> {
        let used = self.usage();
        self.child.kill()?;
        self.child.wait()?;
        Ok(used)
    }

    /// SIGTERM, and SIGKILL when that does not help.
    pub(crate) async fn stop(mut self) -> anyhow::Result<Usage> {
        let used = self.usage();
        self.signal("TERM")?;
        let asked = std::time::Instant::now();
        while asked.elapsed() < GRACE {
            if self.child.try_wait()?.is_some() {
                return Ok(used);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        anyhow::bail!("{} did not stop within {GRACE:?}", self.name)
    }

    /// Fails when it has ended by itself.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => anyhow::bail!("{} ended by itself ({status}); its log says why", self.name),
        }
    }

    /// What it took so far; of a process that is gone, what was last seen.
    pub(crate) fn usage(&mut self) -> Usage {
        if let Some(used) = usage_of(self.child.id()) {
            self.used = used;
        }
        self.used
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the process `pid` took so far, by Linux's account of it.
pub(crate) fn usage_of(pid: u32) -> Option<Usage> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak_kb: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces; user and system time are the 14th and 15th column, in hundredths.
    let columns: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = columns.get(11)?.parse::<u64>().ok()? + columns.get(12)?.parse::<u64>().ok()?;
    Some(Usage { peak: peak_kb * 1024, cpu_ms: ticks * 10 })
}
