//! What is bound, for what, and what is refused.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::config::{Partial, resolve};

fn config(http: &[Address], grpc: &[Address]) -> Config {
    let (http, grpc) = (Some(http.to_vec()), Some(grpc.to_vec()));
    resolve(Partial { models: Some(vec!["m".into()]), http, grpc, ..Partial::default() }, None, []).unwrap().config
}

fn any() -> Address {
    Address::Tcp(([127, 0, 0, 1], 0).into())
}

fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn opened(http: &[Address], grpc: &[Address]) -> Result<Vec<Listener>, ListenError> {
    Listeners::open(&config(http, grpc)).map(Listeners::into_listeners)
}

#[test]
fn each_address_is_told_with_its_real_port() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("b.sock");
    within(async {
        let listeners = opened(&[any(), Address::Unix(path.clone())], &[any()]).unwrap();
        let addresses: Vec<_> = listeners.iter().map(Listener::address).collect();
        assert!(addresses[0].starts_with("http://127.0.0.1:") && !addresses[0].ends_with(":0"));
        assert_eq!(addresses[1], format!("unix:{}", path.display()));
        assert!(addresses[2].starts_with("grpc://127.0.0.1:") && addresses[2][7..] != addresses[0][7..]);
    });
    assert!(!path.exists());
}

#[test]
fn both_kinds_carry_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("b.sock");
    within(async {
        let listeners = opened(&[any(), Address::Unix(path.clone())], &[]).unwrap();
        let port = listeners[0].address().strip_prefix("http://").unwrap().to_owned();
        let clients: [std::os::fd::OwnedFd; 2] =
            [TcpStream::connect(port).unwrap().into(), UnixStream::connect(&path).unwrap().into()];
        for (listener, client) in listeners.iter().zip(clients) {
            let mut client = std::fs::File::from(client);
            let mut stream = listener.accept().await.unwrap();
            std::io::Write::write_all(&mut client, b"ping").unwrap();
            let mut bytes = [0; 4];
            stream.read_exact(&mut bytes).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut answer = String::new();
            std::io::Read::read_to_string(&mut client, &mut answer).unwrap();
            assert_eq!(answer, "ping");
        }
    });
}

#[test]
fn an_address_for_both_is_bound_once_and_one_in_use_is_refused() {
    within(async {
        let first = opened(&[any()], &[]).unwrap();
        let address = first[0].address().strip_prefix("http://").unwrap().parse().unwrap();
        let in_use = opened(&[Address::Tcp(address)], &[]);
        assert!(matches!(in_use, Err(ListenError::Bind { source, .. }) if source.kind() == io::ErrorKind::AddrInUse));
        drop(first);
        assert_eq!(opened(&[Address::Tcp(address)], &[Address::Tcp(address)]).unwrap().len(), 1);
        assert!(matches!(opened(&[], &[]), Err(ListenError::Nowhere)));
    });
}
