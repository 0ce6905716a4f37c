//! Curves of one run, or of several beside one another, from the files of their folders.
//!
//! | file | holds |
//! |---|---|
//! | `points.rs` | what the files of a run say |
//! | `chart.rs` | the drawing |

mod chart;
mod points;

pub use chart::{Chart, ChartError};
pub use points::{Curve, CurvesError, held_out, of_run};
