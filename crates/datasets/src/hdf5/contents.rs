//! What a file holds, found and bounded before any of it is read: a header may claim any shape.

use std::io::Read;
use std::path::Path;

use gqn_formats::Foreign;
use gqn_system::open_regular;
use hdf5_pure::{ChunkIndex, DType, Dataset, Error, File, FormatError, Layout};

use super::wrong;
use crate::error::DataError;
use crate::viewpoint::POSE;

/// The largest side of a frame in pixels, and the most views of a scene; the largest published set has 300.
const MOST_SIDE: u64 = 4096;
const MOST_VIEWS: u64 = 10_000;
/// The largest scene and the largest chunk, in bytes: they are in memory as a whole.
const MOST_SCENE_BYTES: u64 = 1 << 30;
const MOST_CHUNK_BYTES: u64 = 1 << 29;
/// How many times smaller than its content a file may be: a little more than the best that deflate can do.
const TIMES_PACKED: u64 = 1100;
/// Bytes that the index of chunks has for each at least.
const INDEX_BYTES: u64 = 8;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) scenes: usize,
    /// Views of each.
    pub(super) views: usize,
    /// Width and height in pixels.
    pub(super) side: usize,
    pub(super) colours: Colours,
}

/// How colours are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    /// From 0 to 255.
    Bytes,
    /// From 0 to 1.
    Floats,
    /// From 0 to 1.
    Doubles,
}

impl Colours {
    /// Bytes of each.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Bytes => 1,
            Self::Floats => 4,
            Self::Doubles => 8,
        }
    }
}

impl Contents {
    /// What a file holds, all of which it must have been written.
    pub(super) fn of(path: &Path) -> Result<Self, DataError> {
        let length = open_regular(path)?.metadata();
        let length = length.map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        let failed = |error: Error| refused(path, &error);
        let file = File::open_streaming(path).map_err(failed)?;
        let (images, poses) = (file.dataset("images"), file.dataset("viewpoints"));
        let (images, poses) = (images.map_err(failed)?, poses.map_err(failed)?);
        let sizes = (images.shape().map_err(failed)?, poses.shape().map_err(failed)?);
        let (scenes, views, side) = match (sizes.0.as_slice(), sizes.1.as_slice()) {
            (&[n, v, height, width, 3], &[m, u, 7])
                if (n, v, height) == (m, u, width)
                    && (1..=MOST_VIEWS).contains(&v)
                    && (1..=MOST_SIDE).contains(&height) =>
            {
                (n, v, height)
            }
            (images, poses) => {
                let found = format!("found images {images:?} and viewpoints {poses:?}");
                let most = format!("V up to {MOST_VIEWS} and S up to {MOST_SIDE}");
                return Err(wrong(
                    path,
                    &format!("{found}, expected [N,V,S,S,3] and [N,V,7], {most}"),
                ));
            }
        };
        let colours = match images.dtype().map_err(failed)? {
            DType::U8 => Colours::Bytes,
            DType::F32 => Colours::Floats,
            DType::F64 => Colours::Doubles,
            other => {
                use DType::{I8, I16, I32, I64, U16, U32, U64};
                let remedy = match other {
                    I8 | I16 | I32 | I64 | U16 | U32 | U64 => {
                        "bring them to 0..255 and write them as bytes: `images.astype(numpy.uint8)`"
                    }
                    _ => "write them as bytes (numpy.uint8), or as numpy.float32 from 0 to 1",
                };
                let expected = "expected u8, or f32 or f64 from 0 to 1";
                let reason = format!("`images` are of type {other}, {expected}\nhint: {remedy}");
                return Err(wrong(path, &reason));
            }
        };
        let pose_bytes = match poses.dtype().map_err(failed)? {
            DType::F32 => 4,
            DType::F64 => 8,
            other => {
                let reason = format!(
                    "`viewpoints` are of type {other}, expected f32 or f64\n\
                     hint: write them as floats, `viewpoints.astype(numpy.float32)`"
                );
                return Err(wrong(path, &reason));
            }
        };
        let scene_bytes = views * 3 * side * side * colours.bytes() as u64;
        if scene_bytes > MOST_SCENE_BYTES {
            let reason = format!(
                "a scene of it has {} MiB of colours, expected at most {}",
                scene_bytes >> 20,
                MOST_SCENE_BYTES >> 20
            );
            return Err(wrong(path, &reason));
        }
        let colour = colours.bytes() as u64;
        let pose = views * POSE as u64 * pose_bytes;
        whole(path, "images", &images, (scenes, scene_bytes, colour), length.len())?;
        whole(path, "viewpoints", &poses, (scenes, pose, pose_bytes), length.len())?;
        let [scenes, views, side] = [scenes, views, side].map(|size| size as usize);
        Ok(Self { scenes, views, side, colours })
    }
}

/// Refuses a data set of so many rows, with so many bytes each and in each number, unless all of it has been written to the
/// file of `length` bytes. Nothing else bounds it: what was never written reads as zeros, as many as the shape says.
fn whole(
    path: &Path,
    name: &str,
    data: &Dataset,
    (rows, row_bytes, number_bytes): (u64, u64, u64),
    length: u64,
) -> Result<(), DataError> {
    let failed = |error: Error| refused(path, &error);
    let says = |reason: &str| wrong(path, &format!("`{name}` {reason}"));
    let never = || {
        says(
            "were never written to it, or lie in other files\n\
             hint: write them and close the file; copy it whole",
        )
    };
    let bytes = rows.checked_mul(row_bytes).ok_or_else(never)?;
    match data.layout().map_err(failed)? {
        Layout::Compact { size } if size >= bytes => Ok(()),
        Layout::Contiguous { address: Some(at), size } if size >= bytes => {
            let fits = at.checked_add(bytes).is_some_and(|end| end <= length);
            let cut = || says("reach beyond its end\nhint: it was cut short; copy it again");
            fits.then_some(()).ok_or_else(cut)
        }
        Layout::Chunked { chunk_shape, index } => {
            let shape = data.shape().map_err(failed)?;
            let chunk =
                chunk_shape.iter().try_fold(number_bytes, |size, axis| size.checked_mul(*axis));
            let chunk = chunk.filter(|bytes| (1..=MOST_CHUNK_BYTES).contains(bytes));
            let chunk = chunk.ok_or_else(|| {
                let most = MOST_CHUNK_BYTES >> 20;
                says(&format!("are in chunks of {chunk_shape:?}, expected at most {most} MiB each"))
            })?;
            let counts = shape.iter().zip(&chunk_shape).map(|(size, chunk)| size.div_ceil(*chunk));
            let expected = counts.fold(1_u64, u64::saturating_mul);
            let most = length.saturating_mul(TIMES_PACKED).saturating_add(chunk);
            if bytes > most || expected > length / INDEX_BYTES + 1 {
                return Err(never());
            }
            match data.chunks() {
                Ok(chunks) if chunks.len() as u64 >= expected => Ok(()),
                Ok(chunks) => Err(says(&format!(
                    "were written in part: {} of {expected} chunks are there\n\
                     hint: what is missing would be black; write it again",
                    chunks.len()
                ))),
                // This index is read, but not listed.
                Err(_) if index == ChunkIndex::BTreeV2 => Ok(()),
                Err(error) => Err(failed(error)),
            }
        }
        Layout::Virtual => Err(says(
            "lie in other files (a virtual data set)\nhint: `h5repack` puts them into one",
        )),
        _ => Err(never()),
    }
}

/// The error of a file that is no HDF5 file, or one of a newer kind than is read.
pub(super) fn refused(path: &Path, error: &Error) -> DataError {
    use FormatError as Cause;
    match error {
        Error::Format(Cause::SignatureNotFound) => {
            let mut start = Vec::new();
            let read = open_regular(path).ok().map(|file| file.take(1024).read_to_end(&mut start));
            match read.and_then(|_| Foreign::of(&start)) {
                Some(foreign) => foreign.error(&path.display().to_string(), "an HDF5 file").into(),
                None => wrong(path, &"it does not begin as one"),
            }
        }
        Error::Format(
            Cause::UnsupportedVersion(_)
            | Cause::InvalidLayoutVersion(_)
            | Cause::InvalidDatatypeVersion { .. }
            | Cause::InvalidDataspaceVersion(_)
            | Cause::InvalidObjectHeaderVersion(_)
            | Cause::InvalidAttributeVersion(_)
            | Cause::InvalidFilterPipelineVersion(_)
            | Cause::UnsupportedFillValueVersion(_)
            | Cause::InvalidLinkVersion(_),
        ) => wrong(
            path,
            &format!(
                "it is of a newer file format than is read here ({error})\n\
                 hint: `h5repack OLD.h5 NEW.h5` writes an older one, and so does h5py.File(…, libver=(\"earliest\", \"v110\"))"
            ),
        ),
        other => wrong(path, other),
    }
}
