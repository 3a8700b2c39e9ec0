//! An address of loopback that refuses.

use tokio::net::TcpSocket;

/// An address where nobody listens, and nobody else can, as long as the socket is kept.
///
/// # Panics
///
/// When there is none.
pub fn refused() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = "127.0.0.1:0".parse().expect("an address");
    socket.bind(any).expect("a free port");
    let address = socket.local_addr().expect("an address");
    (socket, format!("http://{address}"))
}
