//! The names of shards.

use core::{fmt, str::FromStr};

use thiserror::Error;

/// `{number}-of-{count}.tfrecord`, the number padded to the digits of the count and counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardName {
    /// How many shards the set has; first, so that shards sort by set.
    pub count: usize,
    /// From 1 to `count`.
    pub number: usize,
}

/// A file name that is no shard's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{found}` is no shard, expected a name like 007-of-900.tfrecord")]
pub struct NoShardName {
    /// The name.
    pub found: String,
}

impl fmt::Display for ShardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, number } = self;
        let digits = count.to_string().len();
        write!(f, "{number:0digits$}-of-{count}.tfrecord")
    }
}

impl FromStr for ShardName {
    type Err = NoShardName;

    fn from_str(name: &str) -> Result<Self, NoShardName> {
        let parse = || {
            let (number, count) = name.strip_suffix(".tfrecord")?.split_once("-of-")?;
            let parsed = Self { number: number.parse().ok()?, count: count.parse().ok()? };
            (parsed.number >= 1 && parsed.to_string() == name).then_some(parsed)
        };
        parse()
            .filter(|parsed| parsed.number <= parsed.count)
            .ok_or_else(|| NoShardName { found: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_deepminds() {
        for (number, count, name) in [
            (1, 900, "001-of-900.tfrecord"),
            (900, 900, "900-of-900.tfrecord"),
            (34, 2160, "0034-of-2160.tfrecord"),
            (1, 1, "1-of-1.tfrecord"),
        ] {
            let shard = ShardName { count, number };
            assert_eq!(shard.to_string(), name);
            assert_eq!(name.parse(), Ok(shard));
        }
    }

    #[test]
    fn other_names_are_none() {
        for name in [
            "1-of-900.tfrecord",
            "000-of-900.tfrecord",
            "901-of-900.tfrecord",
            "+01-of-900.tfrecord",
            "001-of-0900.tfrecord",
            "001-of-900.tfrecord.gz",
            "-of-.tfrecord",
        ] {
            assert!(name.parse::<ShardName>().is_err(), "{name}");
        }
    }
}
