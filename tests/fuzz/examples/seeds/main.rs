//! Writes the seeds of `tests/fuzz/corpus`: small, and always the same.
//!
//! `cargo run --release --package gqn-fuzz --example seeds` replaces the files `seed-*`; others are inputs that a fuzzer
//! found, and stay.

mod graphs;
mod packages;

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use std::{fs, io};

use gqn_datasets::{SceneRecord, append_record, encode_jpeg};
use gqn_formats::{View, Views};
use gqn_scenes::{Camera, Frame};
use image::{ImageFormat, RgbImage};

/// Files of one target, by name.
type Seeds = BTreeMap<String, Vec<u8>>;

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut seeds = packages::seeds();
    seeds.entry("onnx").or_default().extend(graphs::seeds());
    seeds.insert("views", views());
    seeds.insert("records", records());
    seeds.insert("picture", pictures());
    seeds.insert("toml", settings());
    seeds.insert("torch", fixtures("tests/golden/import", &["pyramid.pt"])?);
    let sets = ["misnamed.pt.gz", "named_jpeg.pt.gz", "pixels.pt.gz", "planes.pt", "tensors.pt"];
    let mut sets = fixtures("crates/datasets/tests/torch", &sets)?;
    sets.insert("pickle.pt.gz".to_owned(), gzip(b"\x80\x02}q\x00."));
    seeds.insert("torch-set", sets);
    let files = ["bytes.h5", "chunks.h5", "newest.h5", "part.h5", "views.h5"];
    seeds.insert("hdf5", fixtures("crates/datasets/tests/hdf5", &files)?);
    for (target, files) in seeds {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("seed-") {
                fs::remove_file(entry.path())?;
            }
        }
        for (name, content) in files {
            fs::write(folder.join(format!("seed-{name}")), content)?;
        }
    }
    Ok(())
}

/// Files of other tests, which other programs wrote.
fn fixtures(folder: &str, names: &[&str]) -> io::Result<Seeds> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    names.iter().map(|name| Ok(((*name).to_owned(), fs::read(root.join(name))?))).collect()
}

const CAMERA: Camera = Camera { position: [1.0, 0.0, 0.5], yaw: 3.0, pitch: -0.25 };

fn views() -> Seeds {
    let view = |name: Option<&str>| View::new(name.map(str::to_owned), &CAMERA);
    let pictures = Views::new(vec![view(Some("0.png")), view(None)]);
    let world = Views::of_world(vec![view(Some("0.jpg"))]);
    [("pictures", pictures), ("world", world)]
        .map(|(name, views)| (name.to_owned(), views.to_json()))
        .into()
}

/// A gradient, so that no two pixels are alike.
fn frame(side: usize) -> Frame {
    let pixel = |at: usize| [at % side * 30, at / side * 30, 7 * at].map(|value| value as u8);
    Frame::from_rgb8(side, (0..side * side).flat_map(pixel).collect()).expect("a frame")
}

fn records() -> Seeds {
    let jpeg = || encode_jpeg(&frame(8), 90).expect("a JPEG file").into();
    let record = SceneRecord { frames: vec![jpeg(), jpeg()], cameras: vec![CAMERA; 2] }.to_bytes();
    let mut file = Vec::new();
    append_record(&mut file, &record);
    append_record(&mut file, &record);
    [("message", record), ("file", file)].map(|(name, bytes)| (name.to_owned(), bytes)).into()
}

fn pictures() -> Seeds {
    let frame = frame(8);
    let image = RgbImage::from_raw(8, 8, frame.rgb8().to_vec()).expect("three bytes a pixel");
    let written = |format| {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).expect("memory does not fail");
        bytes.into_inner()
    };
    [
        ("png", written(ImageFormat::Png)),
        ("gif", written(ImageFormat::Gif)),
        ("jpeg", encode_jpeg(&frame, 90).expect("a JPEG file")),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .into()
}

fn settings() -> Seeds {
    let config = |config| toml::to_string(&config).expect("plain data is TOML").into_bytes();
    let run =
        b"preset = \"tiny\"\nsteps = 100\n[model]\nimage_size = 32\n[model.voxel]\nnear = 0.1\n";
    [
        ("tower".to_owned(), config(packages::tower())),
        ("voxel".to_owned(), config(packages::voxel())),
        ("run".to_owned(), run.to_vec()),
    ]
    .into()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).expect("memory does not fail");
    writer.finish().expect("memory does not fail")
}
