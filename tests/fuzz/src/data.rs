//! What `gqn-datasets` reads.

use std::io::Cursor;
use std::path::Path;

use bytes::Bytes;
use gqn_datasets::{
    DataSet, Decoder, Hdf5Set, Resize, SceneRecord, TorchSet, decode_rgb8, inspect, verify,
};
use gqn_scenes::Split;
use image::ImageReader;

use crate::mend;
use crate::scratch::with_file;

/// JPEG quality of what is converted.
const QUALITY: u8 = 90;
/// Scenes that are read of a set.
const SCENES: usize = 8;

pub(crate) fn records(bytes: &[u8]) {
    if let Ok(record) = SceneRecord::parse(Bytes::copy_from_slice(bytes)) {
        SceneRecord::parse(record.to_bytes().into()).expect("it was read before");
    }
    for bytes in [bytes.to_vec(), mend::records(bytes)] {
        with_file("1-of-1.tfrecord", &bytes, |path| {
            record_file(path.parent().expect("its folder"));
        });
    }
}

fn record_file(folder: &Path) {
    let Ok(set) = DataSet::open(folder, Split::Train) else { return };
    for scene in 0..set.len().min(SCENES) {
        drop(set.check(scene));
        let Ok(record) = set.scene(scene) else { continue };
        let mut decoder = Decoder::new(8, Resize::Area);
        for (view, frame) in record.frames.iter().enumerate().take(SCENES) {
            drop(decoder.decode(view, frame, &mut [0; 3 * 8 * 8]));
        }
    }
    drop(inspect(&set, SCENES));
    verify(&set, || ());
}

pub(crate) fn hdf5(bytes: &[u8]) {
    with_file("0.h5", bytes, |path| {
        let Ok(set) = Hdf5Set::open(path) else { return };
        drop(set.scenes(0..set.len().min(SCENES), QUALITY));
    });
}

pub(crate) fn torch_set(bytes: &[u8]) {
    if bytes.starts_with(&[0x1F, 0x8B]) {
        with_file("0.pt.gz", bytes, torch_file);
        return;
    }
    for bytes in [bytes.to_vec(), mend::zip(bytes)] {
        with_file("0.pt", &bytes, torch_file);
    }
}

fn torch_file(path: &Path) {
    let Ok(set) = TorchSet::open(path) else { return };
    drop(set.scenes(0..set.len().min(SCENES), QUALITY));
}

/// As `gqn-run` reads pictures, and as training scales them.
pub(crate) fn picture(bytes: &[u8]) {
    drop(decode_rgb8(bytes));
    drop(Decoder::new(16, Resize::Area).decode(0, bytes, &mut [0; 3 * 16 * 16]));
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    drop(reader.ok().and_then(|reader| reader.decode().ok()).map(image::DynamicImage::into_rgb8));
}
