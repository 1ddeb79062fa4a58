//! Tasks on several threads.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs tasks `0..tasks` on a number of threads; each thread takes the next one that is left and collects in a
/// state of its own. Returns the states, in no order.
pub(super) fn in_parallel<S: Default + Send>(
    workers: usize,
    tasks: usize,
    work: impl Fn(&mut S, usize) + Sync,
) -> Vec<S> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut state = S::default();
        loop {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                return state;
            }
            work(&mut state, task);
        }
    };
    if workers <= 1 {
        return vec![run()];
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(run)).collect();
        // A thread that panicked has no state; what it should have done is missing and noticed as such.
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    })
}
