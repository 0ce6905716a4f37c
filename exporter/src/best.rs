//! The best package of a run: a new one replaces it only if its pictures are better.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use gqn_formats::{Manifest, Package, names};
use gqn_system::read_regular;

use crate::error::ExportError;
use crate::folder::{LARGEST_MANIFEST, put_in_place};

/// What decides between two packages of the same training phase: the squared error of generated pictures of held-out scenes.
const MEASURE: &str = "mse_generated";
/// Name of the curves beside the package's files.
const CURVES_FILE: &str = "training.svg";
/// No chart of a run comes near it.
const MOST_CURVES_BYTES: u64 = 1 << 24;

/// Two packages compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    new: Standing,
    /// The package that was there, if there was one.
    old: Option<Standing>,
    /// Bytes of the new package.
    bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Standing {
    step: u64,
    mse: f64,
    is_elbo: bool,
}

/// Copies a package to `best`, with the curves of its run as `training.svg`, unless the package there has a smaller error.
/// The folder is replaced as a whole.
///
/// # Errors
/// [`ExportError::NoFigure`]: a package says no error. [`ExportError::TooLarge`]: it has more than `most_bytes`.
/// [`ExportError::NoChart`]: the curves are no SVG. [`ExportError::NotReplaced`]: `best` is there and holds no package. [`ExportError::Format`]: a package is damaged, or
/// the disk is full.
pub fn keep_best(
    package: &Path,
    best: &Path,
    curves: Option<&Path>,
    most_bytes: Option<u64>,
) -> Result<Comparison, ExportError> {
    let opened = Package::open(package)?;
    let new = Standing::of(&opened.manifest, package)?;
    let old = match std::fs::symlink_metadata(best) {
        Err(_) => None,
        Ok(_) if best.join(names::MANIFEST_FILE).is_file() => {
            Some(Standing::of(&Package::open(best)?.manifest, best)?)
        }
        Ok(_) => return Err(ExportError::NotReplaced { path: best.to_owned() }),
    };
    let mut files = files_of(package, &opened)?;
    let bytes = files.values().map(|content| content.len() as u64).sum();
    if let Some(most) = most_bytes.filter(|most| bytes > *most) {
        return Err(ExportError::TooLarge { path: package.to_owned(), found: bytes, most });
    }
    let comparison = Comparison { new, old, bytes };
    if comparison.is_better() {
        if let Some(curves) = curves {
            let chart = read_regular(curves, MOST_CURVES_BYTES)?;
            if !chart.windows(4).any(|part| part == b"<svg") {
                return Err(ExportError::NoChart { path: curves.to_owned() });
            }
            files.insert(CURVES_FILE.to_owned(), chart);
        }
        put_in_place(&files, best)?;
    }
    Ok(comparison)
}

impl Comparison {
    /// Whether the new package took the place.
    pub fn is_better(&self) -> bool {
        self.old.is_none_or(|old| self.new.beats(old))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { new, old, bytes } = self;
        let kept =
            if self.is_better() { "kept" } else { "not kept: the one that is there is better" };
        write!(f, "{kept}: {MEASURE} {:.5} at step {}{}", new.mse, new.step, new.phase())?;
        match old {
            None => write!(f, ", the first package")?,
            Some(old) => write!(f, "; before {:.5} at step {}{}", old.mse, old.step, old.phase())?,
        }
        writeln!(f, "; {bytes} bytes")
    }
}

impl Standing {
    fn of(manifest: &Manifest, path: &Path) -> Result<Self, ExportError> {
        let provenance = &manifest.provenance;
        let mse = provenance.metrics.get(MEASURE).copied().filter(|mse| mse.is_finite());
        let mse =
            mse.ok_or_else(|| ExportError::NoFigure { path: path.to_owned(), name: MEASURE })?;
        Ok(Self { step: manifest.step, mse, is_elbo: !provenance.is_generation_phase() })
    }

    /// Weights of the ELBO phase beat those of the generation phase whatever their mean picture.
    fn beats(self, old: Self) -> bool {
        if self.is_elbo == old.is_elbo { self.mse < old.mse } else { self.is_elbo }
    }

    fn phase(self) -> &'static str {
        if self.is_elbo { "" } else { " of the generation phase" }
    }
}

/// The files of a package, with the manifest as it is on the disk: what it says must stay what was measured.
fn files_of(path: &Path, package: &Package) -> Result<BTreeMap<String, Vec<u8>>, ExportError> {
    let files = package.files().map(|(name, content)| (name.to_owned(), content.to_vec()));
    let mut files: BTreeMap<String, Vec<u8>> = files.collect();
    let manifest = read_regular(&path.join(names::MANIFEST_FILE), LARGEST_MANIFEST)?;
    files.insert(names::MANIFEST_FILE.to_owned(), manifest);
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(step: u64, mse: f64, is_elbo: bool) -> Standing {
        Standing { step, mse, is_elbo }
    }

    #[test]
    fn the_smaller_error_of_the_later_phase_wins() {
        let later = standing(3, 0.05, true);
        assert!(later.beats(standing(2, 0.03, false)) && !standing(4, 0.01, false).beats(later));
        assert!(standing(5, 0.045, true).beats(later) && !standing(5, 0.05, true).beats(later));
        assert!(standing(5, 0.02, false).beats(standing(2, 0.03, false)));
    }

    #[test]
    fn what_was_decided_is_said() {
        let first = Comparison { new: standing(3, 0.05, false), old: None, bytes: 7 };
        assert_eq!(
            first.to_string(),
            "kept: mse_generated 0.05000 at step 3 of the generation phase, the first package; 7 bytes\n"
        );
        let worse = Comparison {
            new: standing(4, 0.06, true),
            old: Some(standing(3, 0.05, true)),
            bytes: 7,
        };
        assert!(worse.to_string().starts_with("not kept: the one that is there is better: "));
    }
}
