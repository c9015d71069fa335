//! [`Traffic`]: requests of every kind, one after the other, and what was wrong with their answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use blink_examples::Random;
use serde_json::{Value, json};

use crate::client::{Connection, Reply};
use crate::models::{Models, expected};

/// Faults that are told one by one.
const TOLD: usize = 20;

/// Requests that must be refused: the model, the body, the status.
const BAD: [(&str, &str, u16); 7] = [
    ("killed", "", 400),
    ("killed", "{\"inputs\":", 400),
    ("killed", r#"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}"#, 400),
    ("killed", r#"{"inputs":[{"name":"x","shape":[16,1152921504606846978],"datatype":"FP32","data":[1]}]}"#, 400),
    ("steady", r#"{"inputs":[{"name":"y","shape":[1],"datatype":"FP32","data":[1]}]}"#, 400),
    ("swapped", r#"{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP64","data":[1,2,3]}]}"#, 400),
    ("absent", "{}", 404),
];

/// What all clients share.
pub(crate) struct Traffic<'a> {
    models: &'a Models,
    address: SocketAddr,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    faults: Mutex<Vec<String>>,
}

impl Traffic<'_> {
    /// To the server at `address`.
    pub(crate) fn new(models: &Models, address: SocketAddr) -> Traffic<'_> {
        Traffic { models, address, counts: Mutex::default(), faults: Mutex::default() }
    }

    /// Asks until `end`; clients with other numbers ask in another order.
    pub(crate) fn client(&self, number: u64, end: Instant) {
        let mut random = Random::new(number);
        let mut connection = None;
        while Instant::now() < end {
            let kind = self.ask(&mut random, &mut connection);
            match kind {
                Ok(kind) => *lock(&self.counts).entry(kind).or_default() += 1,
                Err(error) => {
                    self.fault(format!("client {number}: {error:#}"));
                    connection = None;
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }

    /// Notes something that may not be.
    pub(crate) fn fault(&self, fault: String) {
        lock(&self.faults).push(fault);
    }

    /// Counts something that was done.
    pub(crate) fn count(&self, kind: &'static str) {
        *lock(&self.counts).entry(kind).or_default() += 1;
    }

    /// One request of any kind.
    fn ask(&self, random: &mut Random, kept: &mut Option<Connection>) -> anyhow::Result<&'static str> {
        let choice = random.bits() % 100;
        if choice < 8 {
            return self.given_up(random);
        }
        let connection = match kept {
            Some(connection) => connection,
            None => kept.insert(Connection::to(self.address)?),
        };
        match choice {
            8..20 => self.refused(random, connection),
            20..45 => self.network(random, connection),
            45..70 => self.product("killed", random, connection, &[1.0]),
            70..85 => self.product("swapped", random, connection, &[1.0, 2.0]),
            _ => self.product("sleepy", random, connection, &[1.0]),
        }
    }

    fn product(
        &self,
        model: &'static str,
        random: &mut Random,
        connection: &mut Connection,
        factors: &[f32],
    ) -> anyhow::Result<&'static str> {
        let x = [0; 3].map(|_| random.uniform(-100.0, 100.0).round());
        let reply = infer(connection, model, None, product_request(x).as_bytes())?;
        let body: Value = answered(model, &reply, &reply.body)?;
        let y: Vec<f32> = serde_json::from_value(body["outputs"][0]["data"].clone())?;
        let is_right = factors.iter().any(|factor| y == expected(x, *factor));
        anyhow::ensure!(is_right, "{model} made {y:?} of {x:?}");
        Ok(model)
    }

    fn network(&self, random: &mut Random, connection: &mut Connection) -> anyhow::Result<&'static str> {
        let (input, golden) = &self.models.network[random.bits() as usize % self.models.network.len()];
        let head = json!({ "inputs": [{ "name": "input", "shape": [1, 3, 32, 32], "datatype": "FP32",
            "parameters": { "binary_data_size": input.len() } }], "parameters": { "binary_data_output": true } });
        let head = head.to_string();
        let reply = infer(connection, "steady", Some(head.len()), &[head.as_bytes(), input].concat())?;
        let (_, tail) = reply.body.split_at(reply.head.unwrap_or(0).min(reply.body.len()));
        anyhow::ensure!(reply.status == 200, "steady: {}: {}", reply.status, String::from_utf8_lossy(&reply.body));
        anyhow::ensure!(tail == golden, "steady gave other bits than `blink run`");
        Ok("steady")
    }

    fn refused(&self, random: &mut Random, connection: &mut Connection) -> anyhow::Result<&'static str> {
        let (model, body, status) = BAD[random.bits() as usize % BAD.len()];
        let reply = infer(connection, model, None, body.as_bytes())?;
        let told: Value = serde_json::from_slice(&reply.body)?;
        anyhow::ensure!(reply.status == status, "{body} to {model}: {}, expected {status}: {told}", reply.status);
        anyhow::ensure!(told["error"].is_string(), "{body} to {model}: no words: {told}");
        Ok("refused")
    }

    /// A client that goes in the middle of its request, or after it and before its answer.
    fn given_up(&self, random: &mut Random) -> anyhow::Result<&'static str> {
        let mut connection = Connection::to(self.address)?;
        let body = product_request([1.0, 2.0, 3.0]);
        let sent = random.bits() as usize % (body.len() + 1);
        connection.send_part("POST", "/v2/models/sleepy/infer", body.len(), &body.as_bytes()[..sent])?;
        Ok("given up")
    }

    /// Prints what was asked, and gives the faults.
    pub(crate) fn report(&self) -> Vec<String> {
        let counts = lock(&self.counts);
        for (kind, count) in counts.iter() {
            println!("{count:>9} {kind}");
        }
        let mut faults = lock(&self.faults).clone();
        if faults.len() > TOLD {
            let more = faults.len() - TOLD;
            faults.truncate(TOLD);
            faults.push(format!("{more} more of these"));
        }
        for kind in ["steady", "killed", "swapped", "sleepy", "refused", "given up", "kills", "swaps"] {
            if !counts.contains_key(kind) {
                faults.push(format!("there was not one of '{kind}': the run was too short"));
            }
        }
        faults
    }
}

fn infer(connection: &mut Connection, model: &str, json: Option<usize>, body: &[u8]) -> std::io::Result<Reply> {
    connection.send("POST", &format!("/v2/models/{model}/infer"), json, body)?;
    connection.reply()
}

fn answered(model: &str, reply: &Reply, json: &[u8]) -> anyhow::Result<Value> {
    anyhow::ensure!(reply.status == 200, "{model}: {}: {}", reply.status, String::from_utf8_lossy(&reply.body));
    Ok(serde_json::from_slice(json)?)
}

fn product_request(x: [f32; 3]) -> String {
    format!(r#"{{"inputs":[{{"name":"x","shape":[1,3],"datatype":"FP32","data":{x:?}}}]}}"#)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
