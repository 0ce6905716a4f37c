//! Values of flags, and flags as keys of a configuration.

use gqn_formats::{RepresentationKind, UpsampleR};
use serde::Serialize;
use toml::{Table, Value};

pub(super) fn value(given: Option<impl Serialize>) -> Option<Value> {
    given.map(|given| Value::try_from(given).expect("numbers and names are TOML"))
}

pub(super) fn collect<const N: usize>(entries: [(&str, Option<Value>); N]) -> Table {
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

pub(super) fn upsample_r(name: &str) -> Result<UpsampleR, String> {
    Value::from(name)
        .try_into()
        .map_err(|_: toml::de::Error| format!("unknown way `{name}`, expected learned or tile"))
}

pub(super) fn representation(name: &str) -> Result<RepresentationKind, String> {
    let kind = Value::from(name).try_into();
    kind.map_err(|_: toml::de::Error| {
        format!("unknown representation `{name}`, expected pyramid, tower, pool or voxel")
    })
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a positive number".to_owned())
}

pub(super) fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().ok().filter(|minutes| *minutes > 0.0 && *minutes < 1e6);
    minutes.ok_or_else(|| "expected a positive number of minutes".to_owned())
}
