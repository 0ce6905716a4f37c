//! The geometry of a voxel model as flags.

use clap::Args;
use toml::{Table, Value};

use super::parse::{collect, positive, value};

/// The geometry of a voxel model.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "The geometry of a voxel model [default: the world's, or what the files' cameras suggest]"
)]
#[group(id = "voxel_geometry", multiple = true)]
pub(crate) struct VoxelFlags {
    /// Cells along x, y and z
    #[arg(long, value_name = "X,Y,Z", value_parser = cells)]
    cells: Option<[usize; 3]>,
    /// Centres of the first and of the last cell, in world units
    #[arg(long = "box", value_name = "X,Y,Z,X,Y,Z", value_parser = corners, allow_hyphen_values = true)]
    corners: Option<[f64; 6]>,
    /// D: depth bins of a view, and samples along a ray
    #[arg(long, value_name = "D")]
    depth_samples: Option<u32>,
    /// Distance from the camera where the depth bins begin
    #[arg(long, value_name = "LENGTH", value_parser = positive)]
    near: Option<f64>,
    /// Distance from the camera where they end
    #[arg(long, value_name = "LENGTH", value_parser = positive)]
    far: Option<f64>,
    /// Rays along either axis for each spatial position of the hidden state: 1, 2 or 4
    #[arg(long, value_name = "Q")]
    rays: Option<u32>,
    /// C: channels of the rendered feature map
    #[arg(long, value_name = "C")]
    rendered_channels: Option<u32>,
    /// K: evidence channels of a cell
    #[arg(long, value_name = "K")]
    evidence_channels: Option<u32>,
    /// Field of view of the cameras
    #[arg(long, value_name = "RADIANS", value_parser = positive)]
    field_of_view: Option<f64>,
}

impl VoxelFlags {
    /// The flags that are keys of `[model.voxel]`.
    pub(super) fn table(&self) -> Table {
        let corner =
            |from: usize| self.corners.map(|corners| Value::from(corners[from..from + 3].to_vec()));
        collect([
            ("cells", value(self.cells)),
            ("low", corner(0)),
            ("high", corner(3)),
            ("depth_samples", value(self.depth_samples)),
            ("near", value(self.near)),
            ("far", value(self.far)),
            ("rays", value(self.rays)),
            ("rendered_channels", value(self.rendered_channels)),
            ("evidence_channels", value(self.evidence_channels)),
            ("field_of_view", value(self.field_of_view)),
        ])
    }
}

fn cells(text: &str) -> Result<[usize; 3], String> {
    list(text, |part| part.parse().ok(), "three whole numbers, such as 24,24,6")
}

fn corners(text: &str) -> Result<[f64; 6], String> {
    let number = |part: &str| part.parse().ok().filter(|number: &f64| number.is_finite());
    list(text, number, "six numbers, such as -1,-1,0,1,1,0.5")
}

/// Numbers with commas between them.
fn list<T, const N: usize>(
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<[T; N], String> {
    let numbers: Option<Vec<T>> = text.split(',').map(|part| parse(part.trim())).collect();
    let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
    numbers.ok_or_else(|| format!("found `{text}`, expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_as_many_numbers_as_they_should() {
        assert_eq!(cells("24, 24,6"), Ok([24, 24, 6]));
        assert_eq!(corners("-1,-1,0,1,1,0.5"), Ok([-1.0, -1.0, 0.0, 1.0, 1.0, 0.5]));
        for text in ["", "24", "24,24", "24,24,6,1", "24,-2,6", "a,b,c"] {
            assert!(cells(text).is_err(), "{text}");
        }
        for text in ["1,2,3", "1,2,3,4,5,nan"] {
            assert!(corners(text).is_err(), "{text}");
        }
    }
}
