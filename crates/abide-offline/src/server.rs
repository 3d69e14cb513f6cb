//! Serves providers to Terraform: gRPC over HTTP/2 on sockets that only this user can reach.
//!
//! Terraform is told by `TF_REATTACH_PROVIDERS` that its providers run already. It then neither
//! looks for them in a registry nor writes them into a lock file, needs no TLS, and leaves our
//! process alone at its end.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::{BufMut, Bytes, BytesMut};
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::watch;

use crate::OfflineError;
use crate::provider::{Provider, Refusal, Session};

/// More than any message Terraform sends; it refuses larger ones itself.
const LARGEST_MESSAGE: usize = 256 << 20;
/// As much of a message as may be on its way.
const WINDOW: u32 = 8 << 20;

/// Providers that are served until this is dropped.
pub struct Server {
    addresses: BTreeMap<String, String>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    _sockets: TempDir,
}

impl Server {
    /// Serves providers, each by its address.
    ///
    /// # Errors
    /// If no socket can be opened.
    pub fn start(providers: Vec<(String, Arc<Provider>)>) -> Result<Self, OfflineError> {
        let io = |source| OfflineError::Io {
            what: "opening a socket for terraform".to_owned(),
            source,
        };
        // The folder can be entered by this user alone.
        let sockets = tempfile::Builder::new()
            .prefix("abide-")
            .tempdir()
            .map_err(io)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(io)?;
        let mut listeners = Vec::new();
        let mut addresses = BTreeMap::new();
        for (number, (address, provider)) in providers.into_iter().enumerate() {
            let path = sockets.path().join(number.to_string());
            listeners.push((listen(&runtime, &path).map_err(io)?, provider));
            addresses.insert(address, path.to_string_lossy().into_owned());
        }
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::Builder::new()
            .name("providers".to_owned())
            .spawn(move || runtime.block_on(serve(listeners, stopped)))
            .map_err(io)?;
        Ok(Self {
            addresses,
            stop,
            thread: Some(thread),
            _sockets: sockets,
        })
    }

    /// The value of `TF_REATTACH_PROVIDERS`.
    #[must_use]
    pub fn reattach(&self) -> String {
        let providers: serde_json::Map<_, _> = self
            .addresses
            .iter()
            .map(|(address, socket)| {
                let how = json!({
                    "Protocol": "grpc",
                    "ProtocolVersion": 6,
                    "Pid": std::process::id(),
                    // Terraform does not end a provider that is under test.
                    "Test": true,
                    "Addr": {"Network": "unix", "String": socket},
                });
                (address.clone(), how)
            })
            .collect();
        serde_json::Value::Object(providers).to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // If it ended by itself, so much the better.
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen(runtime: &tokio::runtime::Runtime, path: &Path) -> std::io::Result<UnixListener> {
    let _inside = runtime.enter();
    UnixListener::bind(path)
}

async fn serve(listeners: Vec<(UnixListener, Arc<Provider>)>, mut stopped: watch::Receiver<bool>) {
    for (listener, provider) in listeners {
        tokio::spawn(accept(listener, provider));
    }
    // Leaving drops the runtime, and with it what is under way.
    let _ = stopped.changed().await;
}

async fn accept(listener: UnixListener, provider: Arc<Provider>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, provider.clone()));
    }
}

async fn connection(stream: tokio::net::UnixStream, provider: Arc<Provider>) {
    let mut builder = h2::server::Builder::new();
    builder
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else {
        return;
    };
    let session = Arc::new(Session::new(provider));
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(call(request, respond, session.clone()));
    }
}

/// A broken connection is Terraform's end; there is nobody to tell.
async fn call(
    request: Request<h2::RecvStream>,
    respond: SendResponse<Bytes>,
    session: Arc<Session>,
) {
    let path = request.uri().path().to_owned();
    let answer = match method(&path) {
        Some(name) => match message(request.into_body()).await {
            Ok(body) => session.answer(name, &body),
            Err(reason) => Err(Refusal::Invalid(reason)),
        },
        None => Err(Refusal::Unimplemented),
    };
    let _ = reply(respond, answer);
}

/// The name of a call to a provider. Terraform's library also asks for streams of its own
/// (standard output, a broker), which nobody needs.
fn method(path: &str) -> Option<&str> {
    path.strip_prefix("/tfplugin6.Provider/")
}

/// Reads one gRPC message: a flag, a length, the message.
async fn message(mut body: h2::RecvStream) -> Result<Bytes, String> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.map_err(|error| error.to_string())?;
        let _ = body.flow_control().release_capacity(chunk.len());
        if bytes.len() + chunk.len() > LARGEST_MESSAGE {
            return Err("the message is too long".to_owned());
        }
        bytes.extend_from_slice(&chunk);
    }
    unframed(&bytes.freeze())
}

fn unframed(bytes: &Bytes) -> Result<Bytes, String> {
    let Some((&[compressed, a, b, c, d], rest)) = bytes.split_first_chunk::<5>() else {
        return Err("the message is cut off".to_owned());
    };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    match (compressed, rest.len() == length) {
        (0, true) => Ok(bytes.slice(5..)),
        (0, false) => Err("the message has another length than it says".to_owned()),
        _ => Err("the message is compressed".to_owned()),
    }
}

fn reply(
    mut respond: SendResponse<Bytes>,
    answer: Result<Vec<u8>, Refusal>,
) -> Result<(), h2::Error> {
    let mut response = Response::new(());
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/grpc"));
    let mut stream = respond.send_response(response, false)?;
    let mut trailers = HeaderMap::new();
    let status = match answer {
        Ok(message) => {
            let mut frame = BytesMut::with_capacity(message.len() + 5);
            frame.put_u8(0);
            frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
            frame.put_slice(&message);
            stream.send_data(frame.freeze(), false)?;
            0
        }
        Err(Refusal::Unimplemented) => 12,
        Err(Refusal::Invalid(reason)) => {
            let plain = |c: char| {
                if c.is_ascii_graphic() || c == ' ' {
                    c
                } else {
                    '?'
                }
            };
            let reason: String = reason.chars().map(plain).collect();
            if let Ok(reason) = HeaderValue::from_str(&reason.replace('%', "%25")) {
                trailers.insert("grpc-message", reason);
            }
            3
        }
    };
    trailers.insert("grpc-status", HeaderValue::from(status));
    stream.send_trailers(trailers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_frames_are_refused() {
        let frame = |bytes: &'static [u8]| unframed(&Bytes::from_static(bytes));
        assert_eq!(&frame(&[0, 0, 0, 0, 2, 7, 8]).unwrap()[..], [7, 8]);
        for wrong in [
            &[][..],
            &[0, 0, 0, 0],
            &[0, 0, 0, 0, 2, 7],
            &[1, 0, 0, 0, 0],
        ] {
            assert!(unframed(&Bytes::copy_from_slice(wrong)).is_err());
        }
    }

    #[test]
    fn nobody_answers_once_it_is_dropped() {
        let provider = Provider::new(crate::Address::implied("aws"), Default::default());
        let server = Server::start(vec![("x/y/aws".to_owned(), Arc::new(provider))]).unwrap();
        let told: serde_json::Value = serde_json::from_str(&server.reattach()).unwrap();
        assert_eq!(told["x/y/aws"]["ProtocolVersion"], 6);
        let socket = told["x/y/aws"]["Addr"]["String"]
            .as_str()
            .unwrap()
            .to_owned();
        let connect = || std::os::unix::net::UnixStream::connect(&socket);
        let open = connect().unwrap();
        drop(server);
        assert!(connect().is_err());
        drop(open);
    }

    #[test]
    fn only_calls_to_the_provider_are_ours() {
        assert_eq!(
            method("/tfplugin6.Provider/ReadResource"),
            Some("ReadResource")
        );
        assert_eq!(method("/plugin.GRPCStdio/StreamStdio"), None);
    }
}
