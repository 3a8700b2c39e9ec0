//! HTTPS in front of a service on loopback, as every AWS endpoint has it, under a certificate authority
//! made for the occasion.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::Result;

/// Who the certificates are for.
const NAME: &str = "localhost";
/// Where Debian and its kin, and Amazon Linux and its kin, keep the roots that a machine trusts.
const MACHINE_ROOTS: [&str; 2] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
];

/// A certificate authority and one server's certificate. Its keys are nowhere but here.
pub struct Authority {
    certificate: String,
    server: Arc<ServerConfig>,
}

impl Authority {
    /// A new one, of elliptic-curve keys.
    ///
    /// # Errors
    ///
    /// When the machine gives no random bytes.
    pub fn new() -> Result<Self> {
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let mut leaf = CertificateParams::new([NAME.to_owned()])?;
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = leaf.signed_by(&key, &root)?;
        let key = PrivateKeyDer::try_from(key.serialize_der())?;
        let mut server = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)?;
        // As DynamoDB and SQS do.
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            certificate: root.pem(),
            server: Arc::new(server),
        })
    }

    /// Writes its certificate alone: for `AWS_CA_BUNDLE`.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write_alone(&self, file: &Path) -> io::Result<()> {
        fs::write(file, &self.certificate)
    }

    /// Writes its certificate behind all that this machine trusts: for `SSL_CERT_FILE`.
    ///
    /// # Errors
    ///
    /// When the machine has no file of roots where Linux systems have it.
    pub fn write_among_the_machines(&self, file: &Path) -> Result<()> {
        let roots = MACHINE_ROOTS
            .iter()
            .find_map(|path| fs::read_to_string(path).ok());
        let roots =
            roots.ok_or("this machine has no file of trusted roots: install ca-certificates")?;
        Ok(fs::write(file, format!("{roots}\n{}", self.certificate))?)
    }

    /// Serves HTTPS on any free port of 127.0.0.1 and hands all that comes on to `upstream`, an
    /// `http://127.0.0.1:<port>`.
    ///
    /// # Errors
    ///
    /// When there is no port.
    pub async fn front(&self, upstream: &str) -> Result<Front> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let upstream = upstream.trim_start_matches("http://").parse()?;
        let acceptor = TlsAcceptor::from(Arc::clone(&self.server));
        Ok(Front {
            url: format!("https://{NAME}:{}", address.port()),
            accepting: tokio::spawn(accept(listener, acceptor, upstream)),
        })
    }
}

/// An HTTPS port. Dropping it closes it.
#[derive(Debug)]
pub struct Front {
    url: String,
    accepting: JoinHandle<()>,
}

impl Front {
    /// `https://localhost:<port>`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, upstream: SocketAddr) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        // A connection that breaks off is its client's affair, as are certificates it does not trust.
        connections.spawn(forward(client, acceptor.clone(), upstream));
    }
}

async fn forward(client: TcpStream, acceptor: TlsAcceptor, upstream: SocketAddr) -> io::Result<()> {
    client.set_nodelay(true)?;
    // Both at once: the way on is not what is measured.
    let (mut client, mut service) =
        tokio::try_join!(acceptor.accept(client), TcpStream::connect(upstream))?;
    service.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut service).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    use super::*;

    /// Answers whatever it is sent.
    async fn echo() -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        url
    }

    /// Connects as one who trusts the certificates of `file`.
    async fn connect(front: &Front, file: &Path) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(file).unwrap();
        // As clients do: a machine may have roots that this library does not know.
        roots.add_parsable_certificates(certificates.map(Result::unwrap));
        let provider = aws_lc_rs::default_provider().into();
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let address = front.url().trim_start_matches("https://");
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from(NAME).unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    #[tokio::test]
    async fn who_trusts_the_authority_talks_to_the_service_behind_and_others_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let (alone, among) = (folder.path().join("alone"), folder.path().join("among"));
        let authority = Authority::new().unwrap();
        authority.write_alone(&alone).unwrap();
        authority.write_among_the_machines(&among).unwrap();
        let front = authority.front(&echo().await).await.unwrap();
        for file in [&alone, &among] {
            let mut stream = connect(&front, file).await.unwrap();
            stream.write_all(b"hello").await.unwrap();
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"hello");
        }
        let other = folder.path().join("other");
        Authority::new().unwrap().write_alone(&other).unwrap();
        let refused = connect(&front, &other).await.unwrap_err().to_string();
        assert!(refused.contains("invalid peer certificate"), "{refused}");
    }
}
