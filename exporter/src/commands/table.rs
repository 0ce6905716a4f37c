//! The files of a package and their sizes, for people.

use std::collections::BTreeMap;
use std::fmt::Write;

pub(super) fn table(files: &BTreeMap<String, Vec<u8>>) -> String {
    let width = files.keys().map(String::len).max().unwrap_or_default();
    let mut text = format!("{:width$}  {:>12}\n", "file", "bytes");
    let total = files.values().map(Vec::len).sum::<usize>();
    for (name, bytes) in
        files.iter().map(|(name, content)| (name.as_str(), content.len())).chain([("total", total)])
    {
        writeln!(text, "{name:width$}  {bytes:>12}").expect("a string takes any text");
    }
    text
}
