//! What the subcommands do.

mod arithmetic;
mod bench;
mod compare;
mod completions;
mod doctor;
mod info;
mod interpolate;
mod opening;
mod orbit;
mod render;
mod rendering;
mod rotate;
#[cfg(feature = "serve")]
mod serve;
mod uncertainty;
mod verify;
mod warmup;

pub(crate) use self::arithmetic::arithmetic;
pub(crate) use self::bench::bench;
pub(crate) use self::compare::compare;
pub(crate) use self::completions::{completions, manual};
pub(crate) use self::doctor::doctor;
pub(crate) use self::info::info;
pub(crate) use self::interpolate::interpolate;
pub(crate) use self::orbit::orbit;
pub(crate) use self::render::render;
pub(crate) use self::rotate::rotate;
#[cfg(feature = "serve")]
pub(crate) use self::serve::serve;
pub(crate) use self::uncertainty::uncertainty;
pub(crate) use self::verify::verify;
pub(crate) use self::warmup::warmup;

use self::opening::{
    engine, engine_to_verify, engine_with, open, warn_of_cameras, warn_of_other_world,
};
use self::rendering::{BATCH, error_in_words, errors, mse, noise, overwrite, render_views};
