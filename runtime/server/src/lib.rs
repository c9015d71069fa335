//! Serving: workers on demand behind the Open Inference Protocol v2.
//!
//! | folder | what it is |
//! |---|---|
//! | `config/` | flags, variables and `blink.toml` become one [`config::Config`] |
//! | `repository/` | which models are there: found, opened, swapped, unloaded |
//! | `pool/` | their workers: from zero to as many as there is work for, and back |
//! | `protocol/` | requests and answers of the protocol as values, whatever carries them |
//! | `front/` | connections: which handler a request belongs to, its id, its limits |
//! | `rest/`, `grpc/` | the protocol over each |
//! | `apps/` | guests: bytes in and out, or HTTP |
//! | `guests.rs` | native code of guests, made where none is trusted |
//! | `integrity.rs` | whether the file of a model is still what was opened |
//! | `devices.rs` | which devices there are for models, brought up at the start |
//! | `observe/` | what is counted, logged and traced |
//! | `page/` | the web page |
//! | `listen/` | sockets, systemd, and the end |
//!
//! A request is parsed by a front end, checked against its [`model::Model`], and handed to the pool, which alone knows
//! of workers. Nothing that waits for a worker holds a thread.

pub mod apps;
pub mod config;
pub mod devices;
pub mod error;
pub mod front;
pub mod grpc;
pub mod guests;
pub mod integrity;
pub mod listen;
pub mod model;
pub mod observe;
pub mod page;
pub mod pool;
pub mod protocol;
pub mod repository;
pub mod rest;
pub mod serve;
pub mod state;
