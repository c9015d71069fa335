//! A guest that answers HTTP requests, on one end of a socket: its answers, what bounds it, and who goes away.

use std::fs::File;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use blink_examples::guests::{digits_model, held_out, http_guest};
use blink_runtime::{GuestCall, GuestEnded, GuestReport, GuestRequest, Limit, LimitExceeded, StartMode, Worker};

use super::support::Folder;
use super::support::home::Home;

fn compiled() -> Home {
    let folder = Folder::new();
    folder.write("digits.onnx", digits_model());
    let guest = http_guest().unwrap_or_else(|error| panic!("{error}"));
    folder.blink("compile digits.onnx -o digits-http.blink --guest").arg(guest).ok();
    Home::of(folder)
}

/// Limits and everything else as they come.
fn request() -> GuestRequest {
    GuestRequest { call: GuestCall::Http, ..GuestRequest::default() }
}

/// Has the worker's guest answer on a socket, at whose other end `talk` stands.
fn asked<T: Send>(
    worker: &mut Worker,
    request: &GuestRequest,
    talk: impl FnOnce(UnixStream) -> T + Send,
) -> (GuestReport, T) {
    let (here, there) = UnixStream::pair().expect("a socket");
    let null = File::options().write(true).open("/dev/null").expect("a null device");
    std::thread::scope(|scope| {
        let talk = scope.spawn(|| talk(here));
        let streams = [there.as_fd(), null.as_fd(), null.as_fd()];
        let report = worker.run_guest(request, streams, &mut |_| Err("no model may be brought".into()));
        drop(there);
        (report.unwrap_or_else(|error| panic!("{error}")), talk.join().expect("it does not panic"))
    })
}

fn post(body: &[u8]) -> Vec<u8> {
    let head = format!("POST / HTTP/1.1\r\nhost: here\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Sends `bytes`, and reads to the end of what comes: the status, and the last line.
fn ask(mut stream: UnixStream, bytes: &[u8]) -> (String, String) {
    // Where an answer comes before all was read, the rest finds nobody.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).expect("text");
    let status = answer.split_whitespace().nth(1).unwrap_or_default().to_owned();
    (status, answer.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn pictures_are_answered_one_exchange_each() {
    let home = compiled();
    home.warm("digits-http.blink");
    for start in [StartMode::Normal, StartMode::Snapshot] {
        let mut worker = home.launcher().launch(&home.spec("digits-http.blink", start)).expect("a worker");
        for digit in held_out().iter().take(20) {
            let (report, (status, body)) = asked(&mut worker, &request(), |stream| ask(stream, &post(&digit.png)));
            assert_eq!((report.ended, &*status), (GuestEnded::Exit(0), "200"), "{body}");
            assert!(body.starts_with("{\"digit\": "), "{body}");
            assert!(report.used.output >= body.len() as u64 && report.used.computes == 1);
        }
    }
}

#[test]
fn what_is_no_picture_is_refused_by_the_guest() {
    let home = compiled();
    let mut worker = home.launcher().launch(&home.spec("digits-http.blink", StartMode::Normal)).expect("a worker");
    let long = post(&vec![0; 5 << 20]);
    for (bytes, expected) in [
        (&post(b"no picture")[..], "400"),
        (&post(b""), "400"),
        (b"GET / HTTP/1.1\r\nhost: here\r\n\r\n", "405"),
        (&long, "413"),
    ] {
        let (report, (status, body)) = asked(&mut worker, &request(), |stream| ask(stream, bytes));
        assert_eq!((report.ended, &*status), (GuestEnded::Exit(0), expected), "{body}");
        assert!(body.contains("\"error\""), "{body}");
    }
}

#[test]
fn limits_end_a_request_and_not_its_worker() {
    let home = compiled();
    let mut worker = home.launcher().launch(&home.spec("digits-http.blink", StartMode::Normal)).expect("a worker");
    let digit = held_out().into_iter().next().expect("there are some");
    let mut small = request();
    small.limits.output = 5;
    let (report, (_, body)) = asked(&mut worker, &small, |stream| ask(stream, &post(&digit.png)));
    assert_eq!(report.ended, GuestEnded::Limit(LimitExceeded { limit: Limit::Output, allowed: 5 }));
    assert!(!body.ends_with('}'), "what is not whole does not look so: {body}");

    // A request that never comes, one that stops in its body, and memory that the guest has no more of.
    let mut short = request();
    short.limits.time = Some(Duration::from_millis(200));
    let whole = post(&digit.png);
    for part in [&b""[..], b"POST / HTTP/1.1\r\n", &whole[..whole.len() - 1]] {
        let (report, answer) = asked(&mut worker, &short, |mut stream| {
            stream.write_all(part).expect("somebody reads");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).map(|_| answer)
        });
        assert_eq!(report.ended, GuestEnded::Limit(LimitExceeded { limit: Limit::Time, allowed: 200 }));
        assert!(answer.is_ok_and(|answer| answer.is_empty()), "no answer had begun");
    }
    let mut little = request();
    little.limits.memory = 1 << 20;
    let (report, (status, _)) = asked(&mut worker, &little, |stream| ask(stream, &post(&digit.png)));
    assert!(matches!(report.ended, GuestEnded::Limit(LimitExceeded { limit: Limit::Memory, .. })), "{report:?}");
    assert_eq!(status, "", "no answer had begun");

    let (report, (status, _)) = asked(&mut worker, &request(), |stream| ask(stream, &post(&digit.png)));
    assert_eq!((report.ended, &*status), (GuestEnded::Exit(0), "200"), "the worker goes on");
}

#[test]
fn who_goes_away_is_not_answered() {
    let home = compiled();
    let mut worker = home.launcher().launch(&home.spec("digits-http.blink", StartMode::Normal)).expect("a worker");
    let digit = held_out().into_iter().next().expect("there are some");
    let whole = post(&digit.png);
    for part in [&b""[..], b"POST / HTTP/1.1\r\n", &whole[..whole.len() - 1]] {
        let (report, ()) = asked(&mut worker, &request(), |mut stream| {
            stream.write_all(part).expect("somebody reads");
            stream.shutdown(Shutdown::Both).expect("it is open");
        });
        // A guest may answer a body that was cut in time; nobody hears it.
        assert!(matches!(report.ended, GuestEnded::Abandoned | GuestEnded::Exit(0)), "{report:?}");
    }
    let (report, _) = asked(&mut worker, &request(), |stream| ask(stream, b"nonsense\r\n\r\n"));
    assert_eq!(report.ended, GuestEnded::Abandoned);
    let (report, (status, _)) = asked(&mut worker, &request(), |stream| ask(stream, &whole));
    assert_eq!((report.ended, &*status), (GuestEnded::Exit(0), "200"), "the worker goes on");
}

#[test]
fn it_is_no_command() {
    let home = compiled();
    let ended = home.blink("run digits-http.blink --start normal").run().failed(2);
    assert!(ended.stderr.contains("blink serve") && ended.stdout.is_empty(), "{}", ended.stderr);
    assert!(home.blink("inspect digits-http.blink").run().text().contains("answers HTTP requests"));
}
