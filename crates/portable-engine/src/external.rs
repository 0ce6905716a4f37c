//! Weights in files beside a graph.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

/// Files beside a graph, by name.
pub type Files<'a> = BTreeMap<&'a str, &'a [u8]>;

/// The part of a file where a constant stands, by the entries that ONNX gives it: `location`, `offset`, `length`.
///
/// # Errors
/// There is no such file, or it is shorter.
pub fn part<'a, 'b>(
    entry: impl Fn(&str) -> Option<&'b str>,
    files: &Files<'a>,
) -> Result<&'a [u8]> {
    let number = |key: &str| {
        let parse = |value: &str| {
            value.parse::<usize>().with_context(|| format!("{key} `{value}` is no number"))
        };
        entry(key).map(parse).transpose()
    };
    let location = entry("location").context("it stands in a file without a name")?;
    let missing = || format!("it stands in {location}, which is missing");
    let file = *files.get(location).with_context(missing)?;
    let offset = number("offset")?.unwrap_or(0);
    let length = number("length")?.unwrap_or(file.len().saturating_sub(offset));
    let end = offset.checked_add(length);
    end.and_then(|end| file.get(offset..end)).with_context(|| {
        format!("{location} has {} bytes, {length} from {offset} are expected", file.len())
    })
}
