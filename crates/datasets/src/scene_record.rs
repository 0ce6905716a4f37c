//! A scene as a record holds it: compressed frames and their cameras.

use bytes::Bytes;
use gqn_scenes::Camera;
use prost::Message;

use crate::damage::Damage;
use crate::tfrecord::Example;

const FRAMES: &str = "frames";
const CAMERAS: &str = "cameras";
/// x, y, z, yaw, pitch.
const CAMERA_VALUES: usize = 5;

/// The views of one scene: JPEG files and the cameras that took them.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneRecord {
    /// A JPEG file for each view.
    pub frames: Vec<Bytes>,
    /// As many cameras.
    pub cameras: Vec<Camera>,
}

impl SceneRecord {
    /// Reads a `tf.train.Example` with `frames` and `cameras`; the frames are parts of `data`, and still compressed.
    ///
    /// # Errors
    /// [`Damage`]: it is no such message, its lists do not belong together, a camera is no number.
    pub fn parse(data: Bytes) -> Result<Self, Damage> {
        let example = Example::decode(data).map_err(|source| Damage::Message { source })?;
        let frames = example
            .bytes(FRAMES)
            .ok_or(Damage::Feature { name: FRAMES, what: "list of byte strings" })?;
        let values = example
            .floats(CAMERAS)
            .ok_or(Damage::Feature { name: CAMERAS, what: "list of floats" })?;
        if frames.is_empty() || frames.len() * CAMERA_VALUES != values.len() {
            return Err(Damage::Counts { frames: frames.len(), cameras: values.len() });
        }
        let values = values.chunks_exact(CAMERA_VALUES);
        let cameras = values.map(|values| Camera {
            position: [values[0], values[1], values[2]],
            yaw: values[3],
            pitch: values[4],
        });
        let cameras: Vec<Camera> = cameras.collect();
        if let Some(view) = cameras.iter().position(|camera| !camera.is_in_range()) {
            return Err(Damage::Camera { view });
        }
        Ok(Self { frames: frames.to_vec(), cameras })
    }

    /// The message that [`parse`](Self::parse) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let values = self.cameras.iter().flat_map(|camera| {
            let [x, y, z] = camera.position;
            [x, y, z, camera.yaw, camera.pitch]
        });
        Example::new((FRAMES, self.frames.clone()), (CAMERAS, values.collect())).encode_to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> SceneRecord {
        let camera = |x| Camera { position: [x, -2.0, 0.5], yaw: 3.0, pitch: -0.25 };
        SceneRecord {
            frames: vec![Bytes::from_static(b"one"), Bytes::from_static(b"two")],
            cameras: vec![camera(0.1), camera(0.2)],
        }
    }

    #[test]
    fn round_trips() {
        let bytes = Bytes::from(record().to_bytes());
        assert_eq!(SceneRecord::parse(bytes).expect("a record"), record());
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let check = |record: SceneRecord, says: &str| {
            let error = SceneRecord::parse(record.to_bytes().into()).expect_err("damage");
            assert!(error.to_string().contains(says), "{error}");
        };
        check(
            SceneRecord { cameras: record().cameras[..1].to_vec(), ..record() },
            "5 camera values",
        );
        check(SceneRecord { frames: vec![], cameras: vec![] }, "0 frames");
        let mut infinite = record();
        infinite.cameras[1].yaw = f32::INFINITY;
        check(infinite, "camera 1");
        let swapped = Example::new((CAMERAS, vec![]), (FRAMES, vec![]));
        let error = SceneRecord::parse(swapped.encode_to_vec().into()).expect_err("damage");
        assert!(error.to_string().contains("no list of byte strings"), "{error}");
    }

    #[test]
    fn any_bytes_are_a_record_or_damage() {
        let whole = record().to_bytes();
        for length in 0..whole.len() {
            // Cut anywhere, something is missing.
            assert!(
                SceneRecord::parse(Bytes::copy_from_slice(&whole[..length])).is_err(),
                "{length}"
            );
        }
        for byte in 0..whole.len() {
            for value in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut changed = whole.clone();
                changed[byte] = value;
                // Checksums tell changed values from true ones; here nothing may panic.
                let _ = SceneRecord::parse(changed.into());
            }
        }
    }
}
