//! [`Answers`]: a stream of answers to a stream of requests, in the order these came.
//!
//! Some requests of a stream are worked on at once; the next ones are left with the client. When the answers are
//! dropped, so is all work on them. An open stream in which nothing happens keeps neither a server that is to end nor
//! a client that is late: it is told why it ends.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};
use tonic::Status;
use tonic::codegen::tokio_stream::Stream;

/// Most requests of one stream that are worked on at once.
const AT_ONCE: usize = 8;
/// How often a stream in which nothing happens asks whether it is to end.
const LOOK: Duration = Duration::from_millis(100);

/// Answers of `answer` to what `requests` gives. `ending` says why the stream is to end, if it is.
pub(super) struct Answers<Requests, Answer, Work: Future, Ending> {
    requests: Requests,
    answer: Answer,
    ending: Ending,
    /// In the order of the requests.
    work: VecDeque<Progress<Work>>,
    /// Set when no more requests come: why, where it was not the client's wish.
    end: Option<Result<(), Status>>,
    look: Pin<Box<Sleep>>,
}

enum Progress<Work: Future> {
    Working(Pin<Box<Work>>),
    Done(Work::Output),
}

impl<Requests, Answer, Work: Future, Ending> Answers<Requests, Answer, Work, Ending> {
    pub(super) fn new(requests: Requests, answer: Answer, ending: Ending) -> Self {
        Answers { requests, answer, ending, work: VecDeque::new(), end: None, look: Box::pin(sleep(LOOK)) }
    }
}

impl<Message, Requests, Answer, Work, Ending> Answers<Requests, Answer, Work, Ending>
where
    Requests: Stream<Item = Result<Message, Status>> + Unpin,
    Answer: FnMut(Message) -> Work,
    Work: Future,
    Ending: Fn() -> Option<Status>,
{
    /// Begins work on what has come, as far as there is room.
    fn take(&mut self, context: &mut Context<'_>) {
        while self.end.is_none() && self.work.len() < AT_ONCE {
            match Pin::new(&mut self.requests).poll_next(context) {
                Poll::Ready(Some(Ok(message))) => {
                    self.work.push_back(Progress::Working(Box::pin((self.answer)(message))));
                }
                Poll::Ready(Some(Err(status))) => self.end = Some(Err(status)),
                Poll::Ready(None) => self.end = Some(Ok(())),
                Poll::Pending => return,
            }
        }
    }

    /// Asks whether the stream is to end, now and again.
    fn look(&mut self, context: &mut Context<'_>) {
        while self.end.is_none() && self.look.as_mut().poll(context).is_ready() {
            self.end = (self.ending)().map(Err);
            self.look.set(sleep(LOOK));
        }
    }
}

impl<Message, Requests, Answer, Work, Ending> Stream for Answers<Requests, Answer, Work, Ending>
where
    Requests: Stream<Item = Result<Message, Status>> + Unpin,
    Answer: FnMut(Message) -> Work + Unpin,
    Work: Future,
    Work::Output: Unpin,
    Ending: Fn() -> Option<Status> + Unpin,
{
    type Item = Result<Work::Output, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.take(context);
        for progress in &mut this.work {
            if let Progress::Working(work) = progress
                && let Poll::Ready(output) = work.as_mut().poll(context)
            {
                *progress = Progress::Done(output);
            }
        }
        match this.work.pop_front() {
            Some(Progress::Done(output)) => return Poll::Ready(Some(Ok(output))),
            Some(working) => {
                this.work.push_front(working);
                return Poll::Pending;
            }
            None => this.look(context),
        }
        match &mut this.end {
            None => Poll::Pending,
            Some(end) => Poll::Ready(std::mem::replace(end, Ok(())).err().map(Err)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tonic::codegen::tokio_stream::{StreamExt, iter, pending};

    use super::*;

    fn on_a_runtime<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    #[test]
    fn answers_come_in_order_whichever_is_ready_first() {
        on_a_runtime(async {
            let requests = iter([3u64, 1, 2].map(Ok).into_iter().chain([Err(Status::aborted("broken"))]));
            let answer = |number| async move {
                sleep(Duration::from_millis(5 * number)).await;
                number
            };
            let mut answers = Answers::new(requests, answer, || None);
            for number in [3, 1, 2] {
                assert_eq!(answers.next().await.unwrap().unwrap(), number);
            }
            assert_eq!(answers.next().await.unwrap().unwrap_err().message(), "broken");
            assert!(answers.next().await.is_none());
        });
    }

    #[test]
    fn few_are_worked_on_at_once_and_dropped_with_the_stream() {
        on_a_runtime(async {
            let (mut senders, receivers): (Vec<_>, Vec<_>) = (0..100).map(|_| oneshot::channel::<()>()).unzip();
            let mut begun = 0;
            let answer = |receiver: oneshot::Receiver<()>| {
                begun += 1;
                receiver
            };
            let mut answers = Answers::new(iter(receivers.into_iter().map(Ok)), answer, || None);
            tokio::select! {
                biased;
                _ = answers.next() => panic!("nothing was answered"),
                () = std::future::ready(()) => {}
            }
            assert!(senders.iter().all(|sender| !sender.is_closed()));
            drop(answers);
            assert!(senders.iter_mut().all(|sender| sender.is_closed()));
            assert_eq!(begun, AT_ONCE);
        });
    }

    #[test]
    fn an_idle_stream_ends_when_it_is_told_to() {
        on_a_runtime(async {
            let requests = pending::<Result<u8, Status>>();
            let ending = || Some(Status::unavailable("ending"));
            let mut answers = Answers::new(requests, std::future::ready, ending);
            assert_eq!(answers.next().await.unwrap().unwrap_err().message(), "ending");
            assert!(answers.next().await.is_none());
        });
    }
}
