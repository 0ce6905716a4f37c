//! What this process says of itself (Linux; elsewhere nothing is known).

use std::fs;

/// The largest memory that this process has had, in bytes.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(1024 * kilobytes)
}

/// Seconds of processor time that this process has spent, in all its threads; 0 where that is not known.
pub(crate) fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_has_memory_and_time() {
        assert!(peak_memory().is_some_and(|bytes| bytes > 1 << 20));
        let before = cpu_seconds();
        std::hint::black_box((0..1_000_000).map(f64::from).sum::<f64>());
        assert!(cpu_seconds() > before);
    }
}
