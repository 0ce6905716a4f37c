//! What libFuzzer says of its runs.

use std::path::Path;

/// What came of a target.
#[derive(Debug)]
pub(crate) struct Outcome {
    target: String,
    /// Missing where the program ended before it could count.
    pub(crate) executions: Option<u64>,
    /// Of the whole program, in MB.
    peak_memory: Option<u64>,
    /// Of one input, in seconds.
    slowest: Option<u64>,
    /// What was wrong and where more of it stands.
    complaint: Option<String>,
}

impl Outcome {
    /// From what it printed.
    pub(crate) fn read(target: &str, text: &str, passed: bool, log: &Path) -> Self {
        let number = |key: &str| {
            let line = text.lines().rev().find_map(|line| line.strip_prefix(key));
            line.and_then(|value| value.trim().parse().ok())
        };
        let last_count = || {
            let words = text.lines().rev().find_map(|line| line.strip_prefix('#'));
            words.and_then(|words| words.split_whitespace().next()?.parse().ok())
        };
        let complaint = (!passed).then(|| {
            let error = text.lines().find(|line| line.contains("ERROR: libFuzzer"));
            let panic = text.lines().find(|line| line.contains("panicked at"));
            let said = panic.or(error).unwrap_or("it ended before its time").trim();
            let input = text.lines().find_map(|line| line.split("written to ").nth(1));
            let input = input.map(|path| format!("\n  input: {path}")).unwrap_or_default();
            format!("{target}: {said}{input}\n  log:   {}", log.display())
        });
        Self {
            target: target.to_owned(),
            executions: number("stat::number_of_executed_units:").or_else(last_count),
            peak_memory: number("stat::peak_rss_mb:"),
            slowest: number("stat::slowest_unit_time_sec:"),
            complaint,
        }
    }

    /// What was wrong, if something was.
    pub(crate) fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }
}

/// A line for each target.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut lines = vec![
        "| target | executions | slowest input, s | peak memory, MB | fault |".to_owned(),
        "|---|--:|--:|--:|---|".to_owned(),
    ];
    for outcome in outcomes {
        let number = |value: Option<u64>| value.map_or("–".to_owned(), |value| value.to_string());
        lines.push(format!(
            "| {} | {} | {} | {} | {} |",
            outcome.target,
            number(outcome.executions),
            number(outcome.slowest),
            number(outcome.peak_memory),
            if outcome.complaint.is_some() { "found" } else { "none" }
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSED: &str = "#2\tINITED cov: 3\n#64\tpulse cov: 4\nDone 117 runs in 3 second(s)\n\
        stat::number_of_executed_units: 117\nstat::slowest_unit_time_sec: 1\nstat::peak_rss_mb: 57\n";
    const FAILED: &str = "#2\tINITED cov: 3\n#4096\tpulse cov: 4\n\
        thread '<unnamed>' panicked at crates/a.rs:1:2:\nno\n\
        ==5== ERROR: libFuzzer: deadly signal\n\
        artifact_prefix='out/'; Test unit written to out/crash-1\n";

    #[test]
    fn figures_and_faults_are_read() {
        let passed = Outcome::read("views", PASSED, true, Path::new("log"));
        let failed = Outcome::read("hdf5", FAILED, false, Path::new("log"));
        assert_eq!((passed.executions, passed.complaint()), (Some(117), None));
        let complaint = failed.complaint().expect("a fault");
        for part in ["hdf5: ", "panicked at crates/a.rs:1:2", "input: out/crash-1", "log"] {
            assert!(complaint.contains(part), "{part} is not in {complaint}");
        }
        let table = table(&[passed, failed]);
        assert!(table.contains("| views | 117 | 1 | 57 | none |"), "{table}");
        assert!(table.contains("| hdf5 | 4096 | – | – | found |"), "{table}");
    }
}
