//! Where the records of a folder are: found once, kept beside the shards.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use std::time::UNIX_EPOCH;

use gqn_formats::Foreign;
use gqn_system::{Overwrite, open_regular, write_atomic};
use prost::Message;
use rayon::prelude::*;

use crate::error::DataError;
use crate::shard_name::ShardName;
use crate::tfrecord::{append, read, scan};

/// The file that keeps the index: one record, so that its checksum guards it, with the message below.
pub(crate) const INDEX_FILE: &str = ".gqn-index";

/// Another version of the format is built anew.
const VERSION: u32 = 1;

/// Where a shard's records are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShardIndex {
    pub(crate) name: ShardName,
    /// Size of the file.
    pub(crate) bytes: u64,
    /// When it was changed, in nanoseconds since 1970.
    modified: u64,
    /// Where the records begin.
    pub(crate) offsets: Vec<u64>,
    /// Stretches that belong to none.
    pub(crate) gaps: Vec<(u64, u64)>,
}

/// The index of all shards in a folder, which are read on all cores where they are not what the kept index knows.
pub(crate) fn index(folder: &Path) -> Result<Vec<ShardIndex>, DataError> {
    let names = shard_names(folder)?;
    let kept = load(folder).unwrap_or_default();
    let shard = |name: &ShardName| index_shard(folder, *name, kept.get(name));
    let shards: Vec<ShardIndex> = names.par_iter().map(shard).collect::<Result<_, _>>()?;
    if kept.len() != shards.len() || shards.iter().any(|shard| kept.get(&shard.name) != Some(shard))
    {
        // A folder that may not be written to is read without: its index is built each time.
        let _ = write_atomic(&folder.join(INDEX_FILE), &to_bytes(&shards), Overwrite::Force);
    }
    Ok(shards)
}

/// The shards of a folder, sorted; they must be of one set.
pub(crate) fn shard_names(folder: &Path) -> Result<Vec<ShardName>, DataError> {
    let unreadable = |source| DataError::Read { path: folder.to_owned(), source };
    if folder.is_file() {
        return Err(DataError::NoShards { path: folder.to_owned() });
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        names.extend(name.to_str().and_then(|name| name.parse::<ShardName>().ok()));
    }
    names.sort_unstable();
    match (names.first(), names.last()) {
        (Some(first), Some(last)) if first.count != last.count => Err(DataError::Mixed {
            path: folder.to_owned(),
            first: first.to_string(),
            second: last.to_string(),
        }),
        (None, _) => Err(DataError::NoShards { path: folder.to_owned() }),
        _ => Ok(names),
    }
}

fn index_shard(
    folder: &Path,
    name: ShardName,
    kept: Option<&ShardIndex>,
) -> Result<ShardIndex, DataError> {
    let path = folder.join(name.to_string());
    let unreadable = |source| DataError::Read { path: path.clone(), source };
    let mut file = open_regular(&path)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let modified = metadata.modified().map_err(unreadable)?.duration_since(UNIX_EPOCH);
    let modified = modified.map_or(0, |age| age.as_nanos() as u64);
    if let Some(kept) = kept
        && (kept.bytes, kept.modified) == (metadata.len(), modified)
    {
        return Ok(kept.clone());
    }
    let scan = scan(&mut file).map_err(unreadable)?;
    if scan.offsets.is_empty() {
        let start = start_of(&mut file).map_err(unreadable)?;
        if start.starts_with(&[0x1F, 0x8B]) {
            return Err(DataError::Compressed { path });
        }
        if let Some(foreign) = Foreign::of(&start) {
            return Err(foreign.error(&path.display().to_string(), "a shard of records").into());
        }
    }
    Ok(ShardIndex { name, bytes: metadata.len(), modified, offsets: scan.offsets, gaps: scan.gaps })
}

fn start_of(file: &mut File) -> std::io::Result<Vec<u8>> {
    use std::io::{Read, Seek};
    file.rewind()?;
    let mut start = Vec::new();
    file.take(1024).read_to_end(&mut start)?;
    Ok(start)
}

#[derive(Clone, PartialEq, Message)]
struct IndexMessage {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(message, repeated, tag = "2")]
    shards: Vec<ShardMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct ShardMessage {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(uint64, tag = "2")]
    bytes: u64,
    #[prost(uint64, tag = "3")]
    modified: u64,
    /// How far each record begins behind the one before it: three bytes where the offset takes eight.
    #[prost(uint64, repeated, tag = "4")]
    steps: Vec<u64>,
    /// First and end bytes of the gaps, by turns.
    #[prost(uint64, repeated, tag = "5")]
    gaps: Vec<u64>,
}

fn to_bytes(shards: &[ShardIndex]) -> Vec<u8> {
    let message = |shard: &ShardIndex| {
        let mut last = 0;
        let steps =
            shard.offsets.iter().map(|offset| offset - std::mem::replace(&mut last, *offset));
        ShardMessage {
            name: shard.name.to_string(),
            bytes: shard.bytes,
            modified: shard.modified,
            steps: steps.collect(),
            gaps: shard.gaps.iter().flat_map(|gap| [gap.0, gap.1]).collect(),
        }
    };
    let message = IndexMessage { version: VERSION, shards: shards.iter().map(message).collect() };
    let mut bytes = Vec::new();
    append(&mut bytes, &message.encode_to_vec());
    bytes
}

/// The kept index, if there is a sound one.
fn load(folder: &Path) -> Option<BTreeMap<ShardName, ShardIndex>> {
    let bytes = std::fs::read(folder.join(INDEX_FILE)).ok()?;
    let data = read(&mut Cursor::new(bytes), 0).ok()?.ok()?;
    let message = IndexMessage::decode(data).ok().filter(|index| index.version == VERSION)?;
    let shard = |shard: ShardMessage| {
        let name = shard.name.parse().ok()?;
        let mut at = 0_u64;
        let offsets = shard.steps.iter().map(|step| {
            at = at.saturating_add(*step);
            at
        });
        let (offsets, gaps) = (offsets.collect(), shard.gaps.chunks_exact(2));
        let gaps = gaps.map(|gap| (gap[0], gap[1])).collect();
        let (bytes, modified) = (shard.bytes, shard.modified);
        Some((name, ShardIndex { name, bytes, modified, offsets, gaps }))
    };
    message.shards.into_iter().map(shard).collect()
}
