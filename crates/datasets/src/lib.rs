//! Scenes as data: rendered on all cores, kept in memory or written as pictures.
//!
//! It decides neither what a scene looks like (that is `gqn-scenes`) nor what is learned from it.
//!
//! | file | holds |
//! |---|---|
//! | `scene_set.rs` | [`SceneSet`]: many scenes' pictures and cameras in memory |
//! | `contact_sheet.rs` | [`contact_sheet`]: scenes by rows, views by columns, in one picture |
//! | `bin/gqn-data` | the command line |

mod contact_sheet;
mod scene_set;

pub use contact_sheet::{GAP, Sheet, contact_sheet};
pub use scene_set::SceneSet;
