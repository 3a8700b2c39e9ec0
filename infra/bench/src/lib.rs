//! What `make bench` measures with: the platform and the functions as processes of their own, a load
//! generator, a stub of Lambda's Runtime API, TLS, tables. And what `make costs` computes with.
//!
//! * [`startup`] — how long the local platform takes to be there.
//! * [`serving`] — the local platform under load, over HTTP.
//! * [`function`] — what a request costs a function apart from the services below it.
//! * [`cold_start`] — each function's process, from its start to its first answer.
//! * [`costs`] — what the operations cost on AWS, computed.
//!
//! Nothing here decides what is fast enough: the driver prints the aims beside the figures.

pub mod cold_start;
pub mod costs;
pub mod events;
pub mod function;
pub mod http;
pub mod load;
pub mod platform;
pub mod process;
pub mod report;
pub mod runtime_api;
pub mod serving;
pub mod sign_in;
pub mod slots;
pub mod startup;
pub mod tls;
pub mod wait;
pub mod wire;
pub mod world;

/// What went wrong, for a person to read.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of anything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Milliseconds, of a duration for a table.
pub fn millis(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Microseconds, of a duration for a table.
pub fn micros(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// The middle one; of an even number, the greater of the two in the middle.
///
/// # Errors
///
/// When there is none.
pub fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> Result<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let middle = values.get(values.len() / 2).copied();
    middle.ok_or_else(|| "there is no median of nothing".into())
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(vec![9, 1, 5]).ok(), Some(5));
        assert_eq!(median(vec![2.0, 1.0]).ok(), Some(2.0));
        assert!(median::<u8>(Vec::new()).is_err());
    }
}
