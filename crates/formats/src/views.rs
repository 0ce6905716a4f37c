//! The file that lists pictures and the cameras that took them.

use gqn_scenes::Camera;
use serde::{Deserialize, Serialize};

use crate::config::ModelConfig;
use crate::error::FormatError;
use crate::foreign::Foreign;
use crate::text::from_json;
use crate::voxel::world_field_of_view;

const VIEWS_FORMAT: u64 = 1;

/// Pictures of one scene and the cameras that took them: the `views.json` of a folder of pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// Format version, 1.
    pub format: u64,
    /// Vertical and horizontal field of view of the cameras, in radians; absent where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_of_view: Option<f64>,
    /// One entry a picture.
    pub views: Vec<View>,
}

/// A picture and its camera.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// File name of the picture, beside `views.json`; absent for a camera that only asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// x, y, z in world units, z up.
    pub position: [f32; 3],
    /// Radians about +z, from +x towards +y.
    pub yaw: f32,
    /// Radians above the horizontal.
    pub pitch: f32,
}

impl View {
    /// A view of that camera.
    pub fn new(picture: Option<String>, camera: &Camera) -> Self {
        Self { picture, position: camera.position, yaw: camera.yaw, pitch: camera.pitch }
    }

    /// Its camera.
    pub fn camera(&self) -> Camera {
        Camera { position: self.position, yaw: self.yaw, pitch: self.pitch }
    }
}

impl Views {
    /// A list of views in the current format.
    pub fn new(views: Vec<View>) -> Self {
        Self { format: VIEWS_FORMAT, field_of_view: None, views }
    }

    /// A list of views that cameras of the procedural worlds took, whose field of view is known.
    pub fn of_world(views: Vec<View>) -> Self {
        Self { field_of_view: Some(world_field_of_view()), ..Self::new(views) }
    }

    /// Refuses pictures of cameras with another field of view than the model's; `what` names the file. A file that does
    /// not state it, and a model that does not know it, are taken as they are.
    ///
    /// # Errors
    /// [`FormatError::FieldOfView`].
    pub fn check_field_of_view(&self, what: &str, model: &ModelConfig) -> Result<(), FormatError> {
        match (&model.voxel, self.field_of_view) {
            (Some(voxel), Some(found)) => voxel.check_field_of_view(what, found),
            _ => Ok(()),
        }
    }

    /// Parses and checks a `views.json`.
    ///
    /// # Errors
    /// [`FormatError`]: not JSON, another version, no views, a camera that is not finite or far out of any world, or a field of view that none has.
    pub fn from_json(bytes: &[u8]) -> Result<Self, FormatError> {
        let unreadable = |source| match Foreign::of(bytes) {
            Some(foreign) => foreign.error("views.json", "JSON"),
            None => FormatError::Json { what: "views.json".to_owned(), source },
        };
        let views: Self = from_json(bytes).map_err(unreadable)?;
        if views.format != VIEWS_FORMAT {
            let (what, found) = ("views.json".to_owned(), views.format.to_string());
            return Err(FormatError::Version { what, found, expected: VIEWS_FORMAT });
        }
        if let Some(found) = views.field_of_view
            && !(found > 0.0 && found < std::f64::consts::PI)
        {
            return Err(FormatError::NoFieldOfView { found });
        }
        if views.views.is_empty() {
            return Err(FormatError::NoViews);
        }
        for (index, view) in views.views.iter().enumerate() {
            if !view.camera().is_in_range() {
                return Err(FormatError::Camera { index });
            }
            if let Some(name) = &view.picture {
                crate::manifest::plain_name("views.json", name)?;
            }
        }
        Ok(views)
    }

    /// The file's content.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).expect("plain data is JSON");
        json.push(b'\n');
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;

    #[test]
    fn round_trip_and_refusals() {
        let camera = Camera { position: [1.0, 0.0, 0.5], yaw: 3.0, pitch: -0.5 };
        let views =
            Views::new(vec![View::new(Some("00.png".into()), &camera), View::new(None, &camera)]);
        assert_eq!(Views::from_json(&views.to_json()).expect("views"), views);
        let empty = Views::new(Vec::new());
        assert!(matches!(Views::from_json(&empty.to_json()), Err(FormatError::NoViews)));
        let escaping = Views::new(vec![View::new(Some("../00.png".into()), &camera)]);
        assert!(matches!(Views::from_json(&escaping.to_json()), Err(FormatError::FileName { .. })));
        let none = br#"{"format":1,"field_of_view":50,"views":[]}"#;
        let error = Views::from_json(none).expect_err("degrees").to_string();
        assert!(error.contains("radians"), "{error}");
        let huge = br#"{"format":1,"views":[{"position":[1e39,0,0],"yaw":0,"pitch":0}]}"#;
        assert!(Views::from_json(huge).is_err(), "a number beyond f32 is refused");
        for far in [r#"[3e38,0,0],"yaw":0,"pitch":0"#, r#"[0,0,0],"yaw":1e30,"pitch":0"#] {
            let far = format!("{{\"format\":1,\"views\":[{{\"position\":{far}}}]}}");
            let error = Views::from_json(far.as_bytes());
            assert!(matches!(error, Err(FormatError::Camera { index: 0 })), "{error:?}");
        }
    }
    #[test]
    fn what_people_and_their_editors_write_is_taken() {
        let camera = Camera { position: [1.0, 0.0, 0.5], yaw: 3.0, pitch: -0.5 };
        for name in ["my picture 1.png", "Küche.png"] {
            let views = Views::new(vec![View::new(Some(name.to_owned()), &camera)]);
            let marked = [b"\xEF\xBB\xBF".to_vec(), views.to_json()].concat();
            assert_eq!(Views::from_json(&marked).expect("views"), views);
        }
        let error = Views::from_json(b"").expect_err("nothing").to_string();
        assert!(error.starts_with("views.json is empty"), "{error}");
    }

    #[test]
    fn only_voxel_models_know_a_field_of_view() {
        let views = Views::of_world(vec![View::new(
            None,
            &Camera { position: [1.0, 0.0, 0.5], yaw: 3.0, pitch: -0.5 },
        )]);
        let (tower, voxel) = (Preset::TinyTower.config(), Preset::Tiny.config());
        let wider = Views { field_of_view: Some(1.2), ..views.clone() };
        let unstated = Views { field_of_view: None, ..views.clone() };
        for (views, fits) in [(views, true), (unstated, true), (wider, false)] {
            views.check_field_of_view("views.json", &tower).expect("no geometry");
            assert_eq!(views.check_field_of_view("views.json", &voxel).is_ok(), fits, "{views:?}");
        }
    }
}
