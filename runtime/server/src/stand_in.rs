//! Signatures of what is being written on other branches. Removed when they come.
#![allow(missing_docs, unused_variables, clippy::unimplemented)]

pub mod apps {
    use crate::{
        front::{Body, Context},
        model::Model,
        state::State,
    };
    use std::sync::Arc;
    pub async fn answer(
        state: &Arc<State>,
        app: Arc<Model>,
        rest: String,
        request: http::Request<hyper::body::Incoming>,
        context: &Context,
    ) -> http::Response<Body> {
        unimplemented!()
    }
}
