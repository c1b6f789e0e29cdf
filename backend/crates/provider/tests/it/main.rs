//! Tests from outside: recorded answers, a scripted server on loopback, the simulator.

#[cfg(test)]
mod every_endpoint;
#[cfg(test)]
mod fetch;
#[cfg(test)]
mod fitbit_parse;
#[cfg(test)]
mod fitbit_records;
#[cfg(test)]
mod google_parse;
#[cfg(test)]
mod google_records;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod range;
#[cfg(test)]
mod server;
#[cfg(test)]
mod simulator;
