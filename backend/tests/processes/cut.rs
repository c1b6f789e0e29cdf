//! A worker that loses its database for a minute: first nothing comes through, then every connection is refused.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use pulsekeep_testkit::on_postgres;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use url::Url;

use crate::harness::{Worker, assert_undisturbed, job, person_with_backfill, simulator, undisturbed, until};

/// Half of the time that the database is away.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Open,
    /// Bytes are held back, as by a network that drops packets.
    Silent,
    /// Connections end, and new ones too.
    Broken,
}

/// What stands between a worker and its database.
struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
}

impl Proxy {
    async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (line, state) = watch::channel(Line::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, state.clone()));
            }
        });
        Self { address, line }
    }
}

/// Passes bytes both ways while the line is open.
async fn pass(client: TcpStream, server: SocketAddr, line: watch::Receiver<Line>) {
    if *line.borrow() == Line::Broken {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (client, server) = (Arc::new(client), Arc::new(server));
    tokio::select! {
        () = pump(client.clone(), server.clone(), line.clone()) => {}
        () = pump(server, client, line) => {}
    }
}

async fn pump(from: Arc<TcpStream>, to: Arc<TcpStream>, mut line: watch::Receiver<Line>) {
    let mut bytes = [0; 16 * 1024];
    loop {
        tokio::select! {
            broken = line.wait_for(|line| *line == Line::Broken) => {
                // A proxy that is gone is broken too.
                let _ = broken;
                return;
            }
            readable = from.readable() => if readable.is_err() { return },
        }
        let read = match from.try_read(&mut bytes) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        match line.wait_for(|line| *line != Line::Silent).await.map(|line| *line) {
            Ok(Line::Open) => {}
            _ => return,
        }
        let mut rest = &bytes[..read];
        while !rest.is_empty() {
            if to.writable().await.is_err() {
                return;
            }
            match to.try_write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}

#[test]
fn a_worker_cut_from_its_database_for_a_minute_goes_on_where_it_was() {
    on_postgres("a_worker_cut_from_its_database_for_a_minute_goes_on_where_it_was", |db| async move {
        let simulator = simulator().await;
        let calm = undisturbed(&db, &simulator).await;
        let (_, id, days) = person_with_backfill(db.store(), &simulator).await;
        let mut url = Url::parse(db.url()).unwrap();
        let server = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(5432));
        let server = tokio::net::lookup_host(server).await.unwrap().next().unwrap();
        let proxy = Proxy::before(server).await;
        url.set_ip_host(proxy.address.ip()).unwrap();
        url.set_port(Some(proxy.address.port())).unwrap();

        let mut worker = Worker::start(url.as_str(), &simulator);
        let before = until(db.store(), id, |job| job.windows_done >= 6).await;
        assert!(!before.state.is_final(), "the backfill was over before anything could be cut");
        proxy.line.send(Line::Silent).unwrap();
        tokio::time::sleep(HALF_A_MINUTE).await;
        proxy.line.send(Line::Broken).unwrap();
        let cut = job(db.store(), id).await;
        tokio::time::sleep(HALF_A_MINUTE).await;
        assert_eq!(job(db.store(), id).await.windows_done, cut.windows_done, "the cut let something through");
        assert!(worker.lives(), "it gave up");
        proxy.line.send(Line::Open).unwrap();

        let done = until(db.store(), id, |_| false).await;
        worker.kill();
        assert_undisturbed(&db, &done, days, &calm).await;
    });
}
