//! libtorch reports that it is out of memory as an error, which its bindings turn into a panic. Here that becomes an error
//! again: one line, and what to do.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};

use anyhow::{Result, anyhow};
use gqn_messages::bytes_text;
use gqn_system::available_memory;

/// Runs a command; a panic for want of memory is its error. Any other is a bug and stays a panic.
pub(crate) fn as_an_error<T>(command: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = take_hook();
    set_hook(Box::new(move |panic| {
        if wanted(text(panic.payload())).is_none() {
            before(panic);
        }
    }));
    match catch_unwind(AssertUnwindSafe(command)) {
        Ok(result) => result,
        Err(payload) => match wanted(text(&*payload)) {
            Some(wanted) => Err(error(&wanted)),
            None => resume_unwind(payload),
        },
    }
}

/// What was asked for, if a text says that memory could not be had.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Bytes(u64),
    OnDevice,
    Unknown,
}

fn wanted(text: &str) -> Option<Wanted> {
    if !text.contains("Torch(\"") {
        return None;
    }
    if text.contains("CUDA out of memory") || text.contains("CUDA error: out of memory") {
        return Some(Wanted::OnDevice);
    }
    if let Some((_, rest)) = text.split_once("you tried to allocate ") {
        let bytes = rest.split_once(" bytes").and_then(|(bytes, _)| bytes.trim().parse().ok());
        return Some(bytes.map_or(Wanted::Unknown, Wanted::Bytes));
    }
    [
        "can't allocate memory",
        "not enough memory",
        "std::bad_alloc",
        "Storage size calculation overflowed",
    ]
    .iter()
    .any(|sign| text.contains(sign))
    .then_some(Wanted::Unknown)
}

fn error(wanted: &Wanted) -> anyhow::Error {
    const HINT: &str = "hint: a smaller --batch, --accumulate N, --activation-checkpointing, a model with fewer channels or fewer --scenes needs \
                        less; a run goes on from its last state with --resume";
    let found = match wanted {
        Wanted::OnDevice => "the device is out of memory".to_owned(),
        Wanted::Unknown => "out of memory".to_owned(),
        Wanted::Bytes(bytes) => {
            let left = available_memory().map_or_else(String::new, |left| {
                format!(", and this machine has {} left", bytes_text(left))
            });
            format!("out of memory: libtorch needs another {}{left}", bytes_text(*bytes))
        }
    };
    anyhow!("{found}\n{HINT}")
}

fn text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use gqn_messages::error_report;
    use tch::{Device, Kind, Tensor};

    use super::*;

    #[test]
    fn what_libtorch_says_is_understood() {
        let cpu = "called `Result::unwrap()` on an `Err` value: Torch(\"[enforce fail at alloc_cpu.cpp:127] err == 0. \
                   DefaultCPUAllocator: can't allocate memory: you tried to allocate 4096 bytes. Error code 12\")";
        assert_eq!(wanted(cpu), Some(Wanted::Bytes(4096)));
        assert_eq!(wanted("Torch(\"CUDA out of memory. Tried to\")"), Some(Wanted::OnDevice));
        assert_eq!(wanted("Torch(\"std::bad_alloc\")"), Some(Wanted::Unknown));
        assert_eq!(wanted("Torch(\"shape mismatch\")"), None);
        assert_eq!(wanted("can't allocate memory"), None, "not libtorch's words");
    }

    #[test]
    fn a_tensor_that_fits_nowhere_is_one_line() {
        let huge = || Ok(Tensor::ones([1 << 44], (Kind::Float, Device::Cpu)).size()[0]);
        let error = as_an_error(huge).expect_err("64 TiB");
        let report = error_report(&*error);
        assert!(
            report.starts_with("error: out of memory: libtorch needs another 64.0 TiB"),
            "{report}"
        );
        assert!(report.contains("\nhint: "), "{report}");
    }
}
