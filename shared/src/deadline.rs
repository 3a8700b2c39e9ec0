//! When an invocation must be over, and what is done when it is not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, timeout_at};

use crate::aws::CALL;
use crate::error::{Error, Result};

/// What is kept back of an invocation's time, for the answer, its log line and the way to Lambda. That is
/// milliseconds of work, but a small function gets a small part of a CPU.
pub const MARGIN: Duration = Duration::from_millis(500);

/// No invocation takes longer: Lambda's own limit.
const LONGEST: Duration = Duration::from_mins(15);

/// When the work of an invocation must have ended: [`MARGIN`] before Lambda ends it.
///
/// Work that is not done by then is dropped where it waits, which is at a call to AWS. A call that was
/// under way may have taken effect or not, exactly as when its answer is lost.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

tokio::task_local! {
    static DEADLINE: Deadline;
}

/// How long the work that asks may still take: until the deadline that [`Deadline::keep`] holds it to.
/// An operator's command is held to none.
pub fn left() -> Duration {
    let ends = DEADLINE.try_with(|deadline| deadline.0);
    ends.map_or(LONGEST, |ends| {
        ends.saturating_duration_since(Instant::now())
    })
}

impl Deadline {
    /// Of an invocation that Lambda ends at `unix_millis`, milliseconds since the Unix epoch, as the
    /// invocation's context says it; 0 says that nobody does.
    pub fn of_invocation(unix_millis: u64) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let left = match unix_millis {
            0 => LONGEST,
            ends => Duration::from_millis(ends)
                .saturating_sub(now + MARGIN)
                .min(LONGEST),
        };
        Self(Instant::now() + left)
    }

    /// Does a part of a batch if there is time for a call to AWS with all its attempts. What is begun later
    /// would likely be dropped half-way, and is better done by the invocation that it comes back to.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when the time is over; whatever `work` fails with.
    pub async fn begin<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let done = if self.leaves(CALL) {
            self.keep(work).await
        } else {
            None
        };
        done.unwrap_or_else(|| Err(Error::Unavailable("out of time".to_owned())))
    }

    /// Whether so much time is left.
    pub fn leaves(self, time: Duration) -> bool {
        Instant::now() + time <= self.0
    }

    /// What the work comes to, or nothing when it is not done in time. What needs no waiting is done even
    /// when the time is over.
    pub async fn keep<F: Future>(self, work: F) -> Option<F::Output> {
        let work = DEADLINE.scope(self, work);
        timeout_at(self.0, work).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_millis(from_now: i64) -> Deadline {
        let ends = jiff::Timestamp::now().as_millisecond() + from_now;
        Deadline::of_invocation(u64::try_from(ends).unwrap())
    }

    #[tokio::test]
    async fn work_that_waits_is_dropped_and_what_is_ready_is_kept() {
        let over = in_millis(-1000);
        assert_eq!(over.keep(std::future::pending::<()>()).await, None);
        assert_eq!(over.keep(async { 7 }).await, Some(7));
        // The margin is not the work's.
        let nearly = in_millis(400);
        assert_eq!(nearly.keep(std::future::pending::<()>()).await, None);
    }

    #[tokio::test]
    async fn a_part_of_a_batch_is_begun_only_while_a_whole_call_fits() {
        let begun = async |from_now| in_millis(from_now).begin(async { Ok(()) }).await;
        let call = i64::try_from((CALL + MARGIN).as_millis()).unwrap();
        assert!(begun(call + 1000).await.is_ok());
        assert!(matches!(begun(call - 1).await, Err(Error::Unavailable(_))));
    }

    #[tokio::test]
    async fn work_knows_how_long_it_may_still_take() {
        assert_eq!(left(), LONGEST);
        let minute = in_millis(60_500).keep(async { left() }).await.unwrap();
        assert!((58..=60).contains(&minute.as_secs()), "{minute:?}");
        let over = in_millis(-1000).keep(async { left() }).await;
        assert_eq!(over, Some(Duration::ZERO));
    }

    #[test]
    fn the_margin_is_kept_back_and_no_invocation_lasts_longer_than_lambda_lets_it() {
        let minute = in_millis(60_000);
        assert!(minute.leaves(Duration::from_secs(58)));
        assert!(!minute.leaves(Duration::from_mins(1)));
        for endless in [
            Deadline::of_invocation(0),
            Deadline::of_invocation(u64::MAX),
        ] {
            assert!(endless.leaves(Duration::from_mins(14)));
            assert!(!endless.leaves(Duration::from_mins(16)));
        }
    }
}
