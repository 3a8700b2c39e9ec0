//! S3 on a folder.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use super::CREDENTIAL;
use crate::data_dir::DataDir;
use crate::error::StartError;
use crate::net::{self, Shutdown};

/// The bucket is a folder in the data folder; signatures are checked.
pub(super) fn open(data: &DataDir, bucket: &str) -> Result<S3Service, StartError> {
    let root = data.folder("s3")?;
    data.folder(&format!("s3/{bucket}"))?;
    let files =
        FileSystem::new(root).map_err(|error| StartError::service("S3", format!("{error:?}")))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(CREDENTIAL, CREDENTIAL));
    Ok(service.build())
}

/// Answers until the shutdown.
pub(super) async fn serve(listener: TcpListener, service: S3Service, shutdown: Shutdown) {
    net::serve(
        listener,
        &http1::Builder::new(),
        TokioIo::new,
        service,
        shutdown,
    )
    .await;
}
