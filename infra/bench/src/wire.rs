//! What a function says to a service, to be said again without the function.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::Result;

/// How a success begins.
const SUCCESS: &[u8] = b"HTTP/1.1 200 ";
/// More than any answer has.
const BUFFER: usize = 64 * 1024;

type Heard = Arc<Mutex<Vec<u8>>>;

/// Stands before a service and listens. Dropping it closes its port.
#[derive(Debug)]
pub struct Recorder {
    url: String,
    heard: Heard,
    accepting: JoinHandle<()>,
}

impl Recorder {
    /// On any free port of 127.0.0.1, before an `http://127.0.0.1:<port>`.
    ///
    /// # Errors
    ///
    /// When there is no port.
    pub async fn start(upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let heard = Arc::default();
        let upstream = upstream.trim_start_matches("http://").parse()?;
        let accepting = tokio::spawn(accept(listener, upstream, Arc::clone(&heard)));
        Ok(Self {
            url,
            heard,
            accepting,
        })
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The bytes of all requests since it was asked last.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, heard: Heard) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        // A connection that breaks off is its client's affair.
        connections.spawn(listen(client, upstream, Arc::clone(&heard)));
    }
}

async fn listen(client: TcpStream, upstream: SocketAddr, heard: Heard) -> io::Result<()> {
    let service = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    service.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_service, to_service) = service.into_split();
    let answers = async {
        let (mut from, mut to) = (from_service, to_client);
        tokio::io::copy(&mut from, &mut to).await?;
        to.shutdown().await
    };
    tokio::try_join!(pass(from_client, to_service, &heard), answers)?;
    Ok(())
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, heard: &Heard) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        // Before it is on its way: who has the answer may ask what was said.
        heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(&buffer[..read]);
        to.write_all(&buffer[..read]).await?;
    }
}

/// A connection on which a request is repeated, with hardly more than the system calls that it takes.
#[derive(Debug)]
pub struct Repeater {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Repeater {
    /// To the service at `http://127.0.0.1:<port>`.
    ///
    /// # Errors
    ///
    /// When nobody answers there.
    pub async fn open(url: &str, request: Vec<u8>) -> Result<Self> {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            request,
            buffer: vec![0; BUFFER],
        })
    }

    /// Sends the request and reads the answer, whose length its head must tell.
    ///
    /// # Errors
    ///
    /// When it is no success.
    pub async fn repeat(&mut self) -> Result<()> {
        self.stream.write_all(&self.request).await?;
        let mut read = 0;
        while !is_whole(&self.buffer[..read])? {
            let more = self.stream.read(&mut self.buffer[read..]).await?;
            if more == 0 {
                return Err("a service hung up, or its answer is too long".into());
            }
            read += more;
        }
        if self.buffer.starts_with(SUCCESS) {
            Ok(())
        } else {
            let shown = String::from_utf8_lossy(&self.buffer[..read]);
            Err(format!("repeated on a bare socket, a request is answered {shown}").into())
        }
    }
}

/// Whether an answer is there to its end.
fn is_whole(answer: &[u8]) -> Result<bool> {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(false);
    };
    let text = std::str::from_utf8(&answer[..head])?;
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length
        .ok_or("an answer does not tell its length")?
        .parse()?;
    Ok(answer.len() >= head + 4 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every five bytes with the next of these, in two pieces.
    async fn service(answers: [&'static str; 3]) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 5];
                    for answer in answers {
                        stream.read_exact(&mut request).await.unwrap();
                        let (first, rest) = answer.as_bytes().split_at(20);
                        stream.write_all(first).await.unwrap();
                        stream.flush().await.unwrap();
                        tokio::task::yield_now().await;
                        stream.write_all(rest).await.unwrap();
                    }
                });
            }
        });
        url
    }

    #[tokio::test]
    async fn what_was_recorded_is_repeated_whatever_the_length_of_the_answer() {
        let service = service([
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 4\r\n\r\nwhat",
        ])
        .await;
        let recorder = Recorder::start(&service).await.unwrap();
        let mut through = Repeater::open(recorder.url(), b"hello".to_vec())
            .await
            .unwrap();
        through.repeat().await.unwrap();
        assert_eq!(recorder.take(), b"hello");
        assert_eq!(recorder.take(), b"");

        let mut repeater = Repeater::open(&service, b"hello".to_vec()).await.unwrap();
        repeater.repeat().await.unwrap();
        repeater.repeat().await.unwrap();
        let refused = repeater.repeat().await.unwrap_err().to_string();
        assert!(
            refused.ends_with("content-length: 4\r\n\r\nwhat"),
            "{refused}"
        );
        let gone = repeater.repeat().await.unwrap_err().to_string();
        assert_eq!(gone, "a service hung up, or its answer is too long");
    }
}
