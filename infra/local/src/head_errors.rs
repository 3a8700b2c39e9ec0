//! Answers for heads that the HTTP library refuses by itself.
//!
//! A path of more than 64 KiB, or a head that is no HTTP, never reaches a service: the library
//! answers with a bare status and closes. A client of this API expects a problem document then too.

use std::io::{Error, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::gateway::{REQUEST_ID, problem};

/// A connection that puts a problem document where the library wrote a bare status.
pub(crate) struct HeadErrors {
    io: TokioIo<TcpStream>,
    /// Of a replacement, what is still to be written.
    pending: Vec<u8>,
}

impl HeadErrors {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            io: TokioIo::new(stream),
            pending: Vec::new(),
        }
    }

    fn poll_pending(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.pending.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(context, &self.pending))?;
            if written == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            self.pending.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

/// The document for a bare status of the library; everything else, which carries the gateway's
/// request id, stays as it is.
fn replacement(written: &[u8]) -> Option<Vec<u8>> {
    let (status, code) = match written.strip_prefix(b"HTTP/1.1 ")?.get(..4)? {
        b"400 " => (400, "bad_request"),
        b"414 " => (414, "uri_too_long"),
        b"431 " => (431, "headers_too_large"),
        _ => return None,
    };
    let head = String::from_utf8_lossy(written);
    if head.contains(REQUEST_ID) || !head.contains("content-length: 0\r\n") {
        return None;
    }
    let id = Uuid::now_v7().to_string();
    let status = http::StatusCode::from_u16(status).ok()?;
    let body = problem(status, code, &id);
    let mut answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\n{REQUEST_ID}: {id}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(&body);
    Some(answer)
}

impl Read for HeadErrors {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for HeadErrors {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<Result<usize, Error>> {
        ready!(self.poll_pending(context))?;
        match replacement(buffer) {
            Some(answer) => {
                self.pending = answer;
                // What does not fit now goes out with the flush that follows.
                let _ = self.poll_pending(context)?;
                Poll::Ready(Ok(buffer.len()))
            }
            None => Pin::new(&mut self.io).poll_write(context, buffer),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        let first = buffers
            .iter()
            .find(|buffer| !buffer.is_empty())
            .map_or(&[][..], |buffer| buffer);
        self.poll_write(context, first)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_pending(context))?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_pending(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_status_of_the_library_is_replaced() {
        let bare = b"HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let answer = String::from_utf8(replacement(bare).unwrap()).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 414 URI Too Long\r\n"), "{head}");
        assert!(
            head.contains(&format!("content-length: {}\r\n", body.len())),
            "{head}"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(body).unwrap()["code"],
            "uri_too_long"
        );

        for own in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\napigw-requestid: 1\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 414 URI Too Long\r\ncontent-length: 12\r\n\r\n",
            "the next part of a body",
            "",
        ] {
            assert_eq!(replacement(own.as_bytes()), None, "{own}");
        }
    }
}
