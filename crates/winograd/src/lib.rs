//! Winograd's minimal filtering F(m, r) in one dimension: m outputs of a filter of r taps with m + r − 1 multiplications
//! (Winograd 1980; Lavin and Gray 2016, in the field's form). The trainer's convolutions and the exporter's graphs take
//! their points and transforms from here.
//!
//! Not a convolution: only the numbers of the transforms, in double precision. In two dimensions they nest.
//!
//! ```
//! // One tile: four outputs of a filter of five taps by eight multiplications instead of twenty.
//! let transforms = gqn_winograd::Transforms::new(4, 5);
//! assert_eq!([transforms.output.len(), transforms.filter.len(), transforms.input.len()], [4, 8, 8]);
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `transforms.rs` | [`Transforms`] and the [`finite_points`] that they follow from |

mod transforms;

pub use transforms::{Transforms, finite_points};
