//! A simulator on a real socket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use pulsekeep_simulator::{Simulator, SimulatorConfig, SimulatorError};

fn config(listen: &str) -> SimulatorConfig {
    SimulatorConfig::new(listen.parse().unwrap(), Arc::new(|| 1_795_255_200_000))
}

/// Sends a request and reads until the other side closes.
async fn exchange(simulator: &Simulator, method: &str, path: &str, body: &str) -> String {
    let addr = simulator.addr();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // a broken connection is an answer too
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_answers_and_stops() {
    let simulator = Simulator::start(config("127.0.0.1:0")).await.unwrap();
    assert_eq!(simulator.base_url(), format!("http://{}", simulator.addr()));
    assert!(exchange(&simulator, "GET", "/control/people", "").await.starts_with("HTTP/1.1 200"));
    let taken = Simulator::start(config(&simulator.addr().to_string())).await;
    let Err(error @ SimulatorError::Listen { .. }) = taken else { panic!("the port is taken") };
    assert!(error.to_string().contains("Choose another address"));
    let addr = simulator.addr();
    simulator.shutdown().await;
    assert!(TcpStream::connect(addr).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_reset_breaks_the_answer() {
    let simulator = Simulator::start(config("127.0.0.1:0")).await.unwrap();
    let rules = r#"[{"kind":"connection_reset","provider":"google"}]"#;
    assert!(exchange(&simulator, "PUT", "/control/faults", rules).await.starts_with("HTTP/1.1 200"));
    let answer = exchange(&simulator, "GET", "/google/v4/users/me/identity", "").await;
    let complete = answer.split_once("\r\n\r\n").is_some_and(|(head, body)| {
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        length == Some(body.len())
    });
    assert!(!complete, "{answer}");
    simulator.shutdown().await;
}
