//! What a graph may take: a few bytes can ask for more than any machine has.

use anyhow::{Context, Result, bail, ensure};
use gqn_formats::external_locations;

use super::onnx::GraphProto;

/// Numbers of single precision that are kept or used at once, beside as many as the files have bytes: half a gigabyte.
const NUMBERS: usize = 1 << 27;
/// Numbers that are moved or multiplied while constants are computed: some seconds.
const FOLDED: u64 = 1 << 32;
/// The same in one run: some minutes. A picture of the largest preset takes 2³⁴.
const RUN: u64 = 1 << 42;
/// The largest graphs of the exporter have some thousands.
const NODES: usize = 20_000;
/// Far more than the exporter's tensors have.
const AXES: usize = 16;

/// What is left of memory and work while a graph is read or made ready.
#[derive(Debug)]
pub(crate) struct Budget {
    numbers: usize,
    work: u64,
}

impl Budget {
    /// For a graph that, with the files beside it, has so many bytes.
    pub(crate) fn of(bytes: usize) -> Self {
        Self { numbers: NUMBERS.saturating_add(bytes), work: FOLDED }
    }

    /// Takes memory for so many numbers of single precision.
    pub(super) fn take(&mut self, numbers: usize) -> Result<()> {
        self.check(numbers)?;
        self.numbers -= numbers;
        Ok(())
    }

    /// Whether there is memory for so many numbers, for a while.
    pub(super) fn check(&self, numbers: usize) -> Result<()> {
        ensure!(
            numbers <= self.numbers,
            "it needs memory for {numbers} numbers more, {} are left",
            self.numbers
        );
        Ok(())
    }

    /// Counts numbers that are moved or multiplied.
    pub(super) fn work(&mut self, work: u64) -> Result<()> {
        let left = self.work.checked_sub(work);
        self.work = left.context("its constants take too long to compute")?;
        Ok(())
    }
}

/// Refuses runs that take longer than anybody waits.
pub(super) fn check_run(work: u64) -> Result<()> {
    ensure!(work <= RUN, "a run takes {work} multiply-adds and moves, more than {RUN}");
    Ok(())
}

/// Refuses bytes that are no ONNX file, or of which a parser makes many times as much.
pub(super) fn check_fields(bytes: &[u8]) -> Result<()> {
    match external_locations(bytes) {
        Ok(_) => Ok(()),
        Err(reason) => bail!("it is no ONNX file that is read here: {reason}"),
    }
}

pub(super) fn check_nodes(graph: &GraphProto) -> Result<()> {
    let found = graph.node.len();
    ensure!(found <= NODES, "it has {found} nodes, more than {NODES}");
    Ok(())
}

pub(super) fn check_rank(axes: usize) -> Result<()> {
    ensure!(axes <= AXES, "a tensor has {axes} axes, more than {AXES}");
    Ok(())
}

/// How many numbers a shape has.
pub(super) fn count(shape: &[usize]) -> Result<usize> {
    check_rank(shape.len())?;
    let product = |all: usize, length: &usize| all.checked_mul(*length);
    let count = shape.iter().try_fold(1, product).filter(|count| *count <= NUMBERS);
    // A length of zero beside enormous ones is still zero.
    ensure!(!shape.contains(&0), "{shape:?} has an axis of length zero");
    count.with_context(|| format!("{shape:?} is more than a machine holds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_counted_or_refused() {
        assert_eq!(count(&[]).expect("a number"), 1);
        assert_eq!(count(&[2, 3, 4]).expect("a tensor"), 24);
        for (shape, text) in [
            (vec![2, 0], "length zero"),
            (vec![0, usize::MAX, usize::MAX], "length zero"),
            (vec![usize::MAX, 2], "more than a machine"),
            (vec![1 << 14, 1 << 14], "more than a machine"),
            (vec![1; 17], "17 axes"),
        ] {
            let error = count(&shape).expect_err("no tensor").to_string();
            assert!(error.contains(text), "{shape:?}: {error}");
        }
    }

    #[test]
    fn what_is_taken_is_gone() {
        let mut budget = Budget::of(10);
        budget.take(NUMBERS).expect("half a gigabyte");
        budget.take(10).expect("as many as the file has bytes");
        budget.take(1).expect_err("nothing is left");
        budget.work(FOLDED).expect("some seconds");
        budget.work(1).expect_err("no time is left");
        check_run(RUN + 1).expect_err("some minutes");
    }
}
