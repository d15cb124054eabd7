//! Waiting for what happens in its own time.

use std::time::{Duration, Instant};

/// Within which whatever happens in its own time has happened, on a machine that does much else.
pub const SOON: Duration = Duration::from_secs(120);

/// Asks until there is an answer; panics when there is none in time.
pub async fn until<T>(what: &str, within: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(since.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
