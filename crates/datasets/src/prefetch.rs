//! Work that is done before it is asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Calls `job(n)` for n = first, first + 1, … on threads of its own, at most `ahead` of them before they are asked
/// for, and hands the results out in order: what comes out does not depend on how many threads there are.
#[derive(Debug)]
pub struct Prefetch<T> {
    shared: Arc<Shared<T>>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    /// A worker finished, or the reader took a result.
    changed: Condvar,
    ahead: u64,
}

#[derive(Debug)]
struct State<T> {
    /// The next job to begin, and the next result to hand out.
    next_job: u64,
    next_result: u64,
    done: BTreeMap<u64, std::thread::Result<T>>,
    closed: bool,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts the threads.
    ///
    /// # Panics
    /// When the system starts no thread, or there is to be none.
    pub fn new(
        first: u64,
        threads: usize,
        ahead: usize,
        job: impl Fn(u64) -> T + Send + Sync + 'static,
    ) -> Self {
        assert!(threads > 0 && ahead > 0, "someone has to work");
        let state =
            State { next_job: first, next_result: first, done: BTreeMap::new(), closed: false };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            ahead: ahead as u64,
        });
        let job = Arc::new(job);
        let start = |_| {
            let (shared, job) = (Arc::clone(&shared), Arc::clone(&job));
            std::thread::spawn(move || shared.work(&*job))
        };
        let workers = (0..threads).map(start).collect();
        Self { shared, workers }
    }

    /// The result of the next number; waits for it.
    ///
    /// # Panics
    /// When its job did.
    pub fn next_result(&self) -> T {
        let mut state = self.shared.lock();
        loop {
            let wanted = state.next_result;
            if let Some(result) = state.done.remove(&wanted) {
                state.next_result += 1;
                drop(state);
                self.shared.changed.notify_all();
                return result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
            state = self.shared.wait(state);
        }
    }
}

impl<T> Shared<T> {
    fn work(&self, job: &(impl Fn(u64) -> T + ?Sized)) {
        loop {
            let mut state = self.lock();
            while !state.closed && state.next_job >= state.next_result + self.ahead {
                state = self.wait(state);
            }
            if state.closed {
                return;
            }
            let number = state.next_job;
            state.next_job += 1;
            drop(state);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(number)));
            self.lock().done.insert(number, result);
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code of others runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        for worker in self.workers.drain(..) {
            // A panic of a job was caught; another has no one left to tell.
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_order() {
        for threads in [1, 3] {
            let prefetch = Prefetch::new(5, threads, 4, |n| {
                // Later jobs finish first.
                std::thread::sleep(Duration::from_millis(3 * (n % 3)));
                n * n
            });
            for n in 5..40 {
                assert_eq!(prefetch.next_result(), n * n);
            }
        }
    }

    #[test]
    fn never_runs_too_far_ahead() {
        let begun = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&begun);
        let prefetch = Prefetch::new(0, 2, 3, move |_| counter.fetch_add(1, Ordering::SeqCst));
        for taken in 1..20 {
            prefetch.next_result();
            assert!(begun.load(Ordering::SeqCst) <= taken + 3);
        }
        drop(prefetch);
    }

    #[test]
    #[should_panic(expected = "job 2")]
    fn a_panic_reaches_the_reader() {
        let prefetch = Prefetch::new(0, 2, 2, |n| assert!(n != 2, "job {n}"));
        for _ in 0..3 {
            prefetch.next_result();
        }
    }
}
