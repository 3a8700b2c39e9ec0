//! A process that is measured from outside, by what Linux says of it.

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::time::Duration;

use crate::Result;

/// `USER_HZ`: what `/proc/<pid>/stat` counts CPU time in on every machine that Lambda and its
/// developers have, x86-64 and arm64.
const TICKS_PER_SECOND: u64 = 100;

/// The number of the signal on every Unix (POSIX, `kill`).
const SIGTERM: i32 = 15;

/// A process of our own. Dropping it kills it.
#[derive(Debug)]
pub struct Process(Child);

/// How much memory a process holds, in KiB.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// At this moment.
    pub resident: u64,
    /// At the most so far.
    pub peak: u64,
}

impl Memory {
    /// What it holds at this moment, in millions of bytes.
    pub fn resident_megabytes(self) -> f64 {
        megabytes(self.resident)
    }

    /// What it held at the most, in millions of bytes.
    pub fn peak_megabytes(self) -> f64 {
        megabytes(self.peak)
    }
}

/// Millions of bytes, of KiB.
pub fn megabytes(kib: u64) -> f64 {
    u32::try_from(kib).map_or(f64::INFINITY, f64::from) * 1024.0 / 1e6
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When there is no such program, naming it.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn();
        Ok(Self(child.map_err(|error| format!("{program}: {error}"))?))
    }

    /// Its standard output, if it was piped and nobody has taken it.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Its memory, from `/proc/<pid>/status`.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        Ok(Memory {
            resident: member(&status, "VmRSS:")?,
            peak: member(&status, "VmHWM:")?,
        })
    }

    /// The CPU time that all of its threads have used so far, in user and kernel mode. Counted in
    /// hundredths of a second.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn cpu(&self) -> Result<Duration> {
        Ok(cpu_of(&self.0.id().to_string())?.total())
    }

    /// The CPU time of its threads that are alive, to the nanosecond (`/proc/<pid>/task/*/schedstat`).
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn cpu_of_threads(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
            let running = schedstat.split(' ').next().unwrap_or_default();
            nanoseconds += running.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    ///
    /// # Errors
    ///
    /// When it ends with a failure of its own.
    pub fn stop(mut self) -> Result<()> {
        let pid = self.0.id().to_string();
        // The standard library only knows SIGKILL.
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill \"$0\"", &pid]);
        if !kill.status()?.success() {
            return Err("it could not be asked to end".into());
        }
        let ended = self.0.wait()?;
        // Before a process has taken the signal into its own hands, the signal ends it.
        if ended.success() || ended.signal() == Some(SIGTERM) {
            Ok(())
        } else {
            Err(format!("it was to end and did so with {ended}").into())
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// CPU time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cpu {
    /// In the program's own code.
    pub user: Duration,
    /// In the kernel on the program's behalf: for a server mostly its sockets.
    pub system: Duration,
}

impl Cpu {
    /// Both.
    pub fn total(self) -> Duration {
        self.user + self.system
    }

    /// What was used since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
        }
    }

    /// This and that.
    #[must_use]
    pub fn and(self, that: Self) -> Self {
        Self {
            user: self.user + that.user,
            system: self.system + that.system,
        }
    }
}

/// The CPU time of this process so far; as [`Process::cpu`].
///
/// # Errors
///
/// When the machine has no `/proc`.
pub fn own_cpu() -> Result<Cpu> {
    cpu_of("self")
}

fn cpu_of(pid: &str) -> Result<Cpu> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    ticks(&stat).ok_or_else(|| format!("/proc/{pid}/stat tells no CPU time: {stat}").into())
}

/// `utime` and `stime`, the 14th and 15th field (proc(5)). The second one, the name, may hold spaces.
fn ticks(stat: &str) -> Option<Cpu> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut next = || {
        let ticks: u64 = fields.next()?.parse().ok()?;
        Some(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    };
    Some(Cpu {
        user: next()?,
        system: next()?,
    })
}

fn member(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| format!("/proc/<pid>/status has no {name}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "12 (a) b (c)) S 1 12 12 0 -1 4194304 900 0 0 0 31 11 5 6 20 0 1 0 100 1 2 3";
        let cpu = ticks(stat).unwrap();
        assert_eq!(cpu.user, Duration::from_millis(310));
        assert_eq!(cpu.system, Duration::from_millis(110));
        assert_eq!(cpu.total(), Duration::from_millis(420));
        let before = Cpu {
            user: Duration::from_millis(300),
            system: Duration::ZERO,
        };
        assert_eq!(cpu.since(before).and(before), cpu);
        assert_eq!(ticks("12 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_by_name() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(member(status, "VmRSS:").ok(), Some(1024));
        assert!(member(status, "VmSwap:").is_err());
    }

    #[test]
    fn a_process_is_measured_and_asked_to_end() {
        let process = Process::spawn(Command::new("sleep").arg("600")).unwrap();
        let memory = process.memory().unwrap();
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
        assert!(process.cpu().is_ok());
        assert!(process.cpu_of_threads().unwrap() > Duration::ZERO);
        assert!(process.stop().is_ok());
        assert!(Process::spawn(&mut Command::new("/no/such/program")).is_err());
    }
}
