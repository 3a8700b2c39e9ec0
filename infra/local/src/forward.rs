//! A way to the embedded services for containers on this machine.
//!
//! The services listen on loopback, which a container of a Linux engine does not share. While a command
//! runs, the same ports of the bridge's own address, which no other machine reaches, lead there.

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

/// Runs a command, and while it runs forwards the ports that `sam_env` names from `address` to loopback.
/// Answers the command's exit code.
///
/// # Errors
///
/// A line that says which file, port or command cannot be had.
pub async fn while_running(
    sam_env: &Path,
    address: IpAddr,
    command: &[OsString],
) -> Result<u8, String> {
    let mut forwards = JoinSet::new();
    for port in ports(sam_env)? {
        match TcpListener::bind((address, port)).await {
            Ok(listener) => {
                forwards.spawn(forward(listener, port));
            }
            // `make start-api` runs beside `make invoke`, and forwards already.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(format!("{address}:{port}: {error}")),
        }
    }
    // Ctrl-C goes to the command as well: it has containers to remove, and is waited for.
    let mut interrupted = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let (program, arguments) = command.split_first().ok_or("there is no command to run")?;
    let mut child = Command::new(program)
        .args(arguments)
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(|error| error.to_string())?,
            _ = interrupted.recv() => {}
        }
    };
    forwards.shutdown().await;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1))
}

/// Every port in the values of `sam-env.json`.
fn ports(sam_env: &Path) -> Result<Vec<u16>, String> {
    let unreadable = |error: String| format!("{}: {error}", sam_env.display());
    let text = std::fs::read(sam_env).map_err(|error| unreadable(error.to_string()))?;
    let functions: Value =
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    let values = functions
        .as_object()
        .into_iter()
        .flat_map(|all| all.values());
    let values = values
        .filter_map(Value::as_object)
        .flat_map(|all| all.values());
    let mut ports: Vec<u16> = values
        .filter_map(|value| http::Uri::try_from(value.as_str()?).ok()?.port_u16())
        .collect();
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

async fn forward(listener: TcpListener, port: u16) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (mut from, _) = listener.accept().await?;
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            let mut to = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
            tokio::io::copy_bidirectional(&mut from, &mut to).await
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    fn bash(script: &str) -> Vec<OsString> {
        ["bash", "-c", script].map(OsString::from).to_vec()
    }

    /// Linux alone has all of 127.0.0.0/8 without being told.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn while_a_command_runs_the_ports_lead_to_loopback_and_its_exit_code_is_answered() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let service = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"hello").await.unwrap();
        });
        let file = tempfile::NamedTempFile::new().unwrap();
        let url = format!("http://host.docker.internal:{port}");
        let sam_env = serde_json::json!({"F": {"URL": url, "SAME": url, "NAME": "table"}});
        std::fs::write(file.path(), sam_env.to_string()).unwrap();
        let other = Ipv4Addr::new(127, 0, 0, 2);
        let ask = bash(&format!(
            "exec 3<>/dev/tcp/{other}/{port}; [ \"$(cat <&3)\" = hello ] && exit 7"
        ));

        let code = while_running(file.path(), other.into(), &ask).await;
        assert_eq!(code, Ok(7));
        service.await.unwrap();
        // The port is free again.
        TcpListener::bind((other, port)).await.unwrap();
    }

    #[tokio::test]
    async fn without_the_file_nothing_is_run() {
        let code =
            while_running(Path::new("/no/such"), Ipv4Addr::LOCALHOST.into(), &bash("")).await;
        assert!(code.unwrap_err().starts_with("/no/such: "));
    }
}
