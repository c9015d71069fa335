//! [`Outgoing`]: the requests that a guest would send by itself. They are refused, whatever else it was granted: a
//! request made by its server reaches what the guest's author cannot.

use http::Request;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// What a guest asked for that it is not given.
#[derive(Default)]
pub(crate) struct Outgoing {
    refused: bool,
}

impl Outgoing {
    /// Why a request was refused, where one was.
    pub(super) fn refused(&self) -> Option<&'static str> {
        self.refused.then_some("outgoing HTTP requests are not given to guests: give it what it needs with its request")
    }
}

/// A response, and what drives its connection.
type Sent = Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for Outgoing {
    fn send_request(
        &mut self,
        _: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        self.refused = true;
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}
