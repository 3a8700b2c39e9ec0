//! Listening on loopback, and stopping.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::StartError;

/// How long open requests may take to finish once the platform stops.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);

/// Tells tasks to stop: when asked, or when whoever could ask is gone.
#[derive(Debug, Clone)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// The switch and its first listener.
    pub(crate) fn channel() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Returns once the platform stops.
    pub(crate) async fn requested(&mut self) {
        // An error means that the switch was dropped, which is a stop as well.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Listens on 127.0.0.1; `None` takes any free port.
pub(crate) fn bind(port: Option<u16>) -> Result<TcpListener, StartError> {
    let port = port.unwrap_or(0);
    let listen = || -> io::Result<TcpListener> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        // Accepted sockets inherit it. Without, answers in two segments wait 40 ms for an ACK.
        socket.set_nodelay(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        socket.listen(1024)
    };
    listen().map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => StartError::PortInUse(port),
        _ => StartError::Listen { port, source },
    })
}

/// `http://127.0.0.1:<port>` of a listener.
pub(crate) fn url(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

/// An HTTP/1.1 server with the default limits, for a `tower` service.
pub(crate) async fn serve_router(listener: TcpListener, router: axum::Router, shutdown: Shutdown) {
    let service = hyper_util::service::TowerToHyperService::new(router);
    serve(
        listener,
        &http1::Builder::new(),
        TokioIo::new,
        service,
        shutdown,
    )
    .await;
}

/// Serves until the shutdown, then closes the port, lets open requests finish and returns.
pub(crate) async fn serve<S, B, IO>(
    listener: TcpListener,
    http: &http1::Builder,
    wrap: impl Fn(TcpStream) -> IO,
    service: S,
    mut shutdown: Shutdown,
) where
    S: hyper::service::Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    IO: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.requested() => break,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely; trying again at once would spin.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let connection = http.serve_connection(wrap(stream), service.clone());
        let mut shutdown = shutdown.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            // A connection that breaks off is its client's affair.
            tokio::select! {
                _ = connection.as_mut() => return,
                () = shutdown.requested() => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await;
        });
    }
    drop(listener);
    let drain = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN, drain).await;
}

/// Why a body was not read.
pub(crate) enum BodyError {
    /// More bytes than allowed.
    TooLong,
    /// The client went away.
    Broken,
}

/// Reads a whole body of at most `limit` bytes. A longer one is read to its end (within reason)
/// and thrown away: a client that is still sending would otherwise see a reset, not the answer.
pub(crate) async fn read_body(mut body: Incoming, limit: usize) -> Result<Vec<u8>, BodyError> {
    const PATIENCE: usize = 8;
    let mut bytes = Vec::with_capacity(
        usize::try_from(body.size_hint().lower())
            .unwrap_or(0)
            .min(limit),
    );
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue;
        };
        seen += data.len();
        if seen <= limit {
            bytes.extend_from_slice(&data);
        } else if seen > limit * PATIENCE {
            break;
        }
    }
    if seen > limit {
        Err(BodyError::TooLong)
    } else {
        Ok(bytes)
    }
}
