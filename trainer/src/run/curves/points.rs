//! The points of a chart, read from the logs of a run.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use thiserror::Error;

use crate::run::folder::{EVALUATION_FILE, HELD_OUT_FILE, LOG_FILE};

/// Points that a curve of training batches is averaged to: noise of single batches would hide it.
const POINTS: usize = 100;
const PHASE: &str = "phase";
const GENERATION: &str = "generation";
const MSE: &str = "mse";
const MSE_GENERATED: &str = "mse_generated";
const MSE_CONSTANT: &str = "mse_constant";

/// A squared error over training steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What the chart calls it.
    pub name: String,
    /// Steps and errors, in the order of the steps.
    pub points: Vec<(f64, f64)>,
}

/// Why a run has no curve.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CurvesError {
    /// A file of the run cannot be read.
    #[error("cannot read {}\nhint: name the folder of a run", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no figure of that name.
    #[error("{} holds no {figure}{}", path.display(), hint(figure))]
    None {
        /// The file.
        path: PathBuf,
        /// The figure.
        figure: &'static str,
    },
}

fn hint(figure: &str) -> &'static str {
    match figure {
        MSE_CONSTANT => "\nhint: a run is evaluated at its end; leave --share out until then",
        MSE_GENERATED => {
            "\nhint: `evaluate_every` in the run's configuration sets how often a run validates"
        }
        _ => "",
    }
}

/// The curves of one run: of training batches, whose pictures are generated in the generation phase and reconstructed in
/// the ELBO phase, and of held-out pictures, generated. A phase that the run has not, or not yet, has no curve.
///
/// # Errors
/// [`CurvesError`] if the folder is no run's or has logged no step.
pub fn of_run(run: &Path) -> Result<Vec<Curve>, CurvesError> {
    let log = run.join(LOG_FILE);
    let training = |name: &str, is_generation: bool| {
        let points = read(&log, MSE, |line| (line[PHASE] == GENERATION) == is_generation)?;
        Ok::<_, CurvesError>(Curve { name: name.to_owned(), points: averaged(&points) })
    };
    let mut curves =
        vec![training("generated, training", true)?, training("reconstructed, training", false)?];
    curves.retain(|curve| !curve.points.is_empty());
    if curves.is_empty() {
        return Err(CurvesError::None { path: log, figure: MSE });
    }
    if let Ok(points) = read(&run.join(HELD_OUT_FILE), MSE_GENERATED, |_| true)
        && !points.is_empty()
    {
        curves.push(Curve { name: "generated, held out".to_owned(), points });
    }
    Ok(curves)
}

/// The held-out error of a run, under the name of its folder; with `share`, relative to that of the best constant picture,
/// which the run's evaluation tells.
///
/// # Errors
/// [`CurvesError`] if the folder is no run's, it has not looked at held-out scenes, or `share` is asked for and it is not
/// evaluated yet.
pub fn held_out(run: &Path, share: bool) -> Result<Curve, CurvesError> {
    let path = run.join(HELD_OUT_FILE);
    let mut points = read(&path, MSE_GENERATED, |_| true)?;
    if points.is_empty() {
        return Err(CurvesError::None { path, figure: MSE_GENERATED });
    }
    if share {
        let path = run.join(EVALUATION_FILE);
        let metrics: Value = serde_json::from_str(&text(&path)?).unwrap_or_default();
        let Some(constant) = metrics[MSE_CONSTANT].as_f64().filter(|mse| *mse > 0.0) else {
            return Err(CurvesError::None { path, figure: MSE_CONSTANT });
        };
        for (_, error) in &mut points {
            *error /= constant;
        }
    }
    let name = run.file_name().unwrap_or(run.as_os_str()).to_string_lossy().into_owned();
    Ok(Curve { name, points })
}

/// A figure of the lines that are `wanted`; a line that is none is left out.
fn read(
    path: &Path,
    figure: &str,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Vec<(f64, f64)>, CurvesError> {
    let point = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        wanted(&line).then_some(())?;
        Some((line["step"].as_f64()?, line[figure].as_f64()?))
    };
    Ok(text(path)?.lines().filter_map(point).collect())
}

fn text(path: &Path) -> Result<String, CurvesError> {
    let bytes =
        fs::read(path).map_err(|source| CurvesError::Read { path: path.to_owned(), source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn averaged(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mean = |part: &[(f64, f64)]| {
        let sum = part.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / part.len() as f64, sum.1 / part.len() as f64)
    };
    points.chunks(points.len().div_ceil(POINTS).max(1)).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(log: &str, held_out: &str) -> tempfile::TempDir {
        let run = tempfile::tempdir().expect("a folder");
        fs::write(run.path().join(LOG_FILE), log).expect("a file");
        fs::write(run.path().join(HELD_OUT_FILE), held_out).expect("a file");
        run
    }

    fn names(curves: &[Curve]) -> Vec<&str> {
        curves.iter().map(|curve| curve.name.as_str()).collect()
    }

    #[test]
    fn a_phase_is_a_curve() {
        let generation = "{\"step\":0,\"phase\":\"generation\",\"mse\":0.5}\n";
        let run_a = run(generation, "");
        assert_eq!(names(&of_run(run_a.path()).expect("curves")), ["generated, training"]);
        let both = format!("{generation}{{\"step\":1,\"phase\":\"elbo\",\"mse\":0.25}}\n{{\"st");
        let run_b = run(&both, "{\"step\":1,\"mse_generated\":0.04}\n");
        let curves = of_run(run_b.path()).expect("curves");
        let expected = ["generated, training", "reconstructed, training", "generated, held out"];
        assert_eq!(names(&curves), expected);
        assert_eq!(curves[1].points, [(1.0, 0.25)]);
    }

    #[test]
    fn long_logs_are_averaged() {
        let log: Vec<String> = (0..1000)
            .map(|step| format!("{{\"step\":{step},\"mse\":{}}}", f64::from(step)))
            .collect();
        let curves = of_run(run(&log.join("\n"), "").path()).expect("curves");
        assert_eq!(curves[0].points.len(), POINTS);
        assert_eq!(curves[0].points[0], (4.5, 4.5));
    }

    #[test]
    fn a_share_is_of_the_constant_picture() {
        let run = run("", "{\"step\":10,\"mse_generated\":0.02}\n");
        let name = run.path().file_name().expect("a name").to_string_lossy().into_owned();
        let curve = held_out(run.path(), false).expect("a curve");
        assert_eq!((curve.name, curve.points), (name, vec![(10.0, 0.02)]));
        let error = held_out(run.path(), true).expect_err("not evaluated").to_string();
        assert!(error.starts_with("cannot read"), "{error}");
        fs::write(run.path().join(EVALUATION_FILE), "{\"mse_constant\":0.08}").expect("a file");
        assert_eq!(held_out(run.path(), true).expect("a curve").points, [(10.0, 0.25)]);
        fs::write(run.path().join(EVALUATION_FILE), "{}").expect("a file");
        let error = held_out(run.path(), true).expect_err("not evaluated").to_string();
        assert!(error.contains("holds no mse_constant") && error.contains("hint:"), "{error}");
    }

    #[test]
    fn what_is_no_run_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        for error in [
            of_run(folder.path()).expect_err("none"),
            held_out(folder.path(), false).expect_err("none"),
        ] {
            assert!(error.to_string().contains("name the folder of a run"), "{error}");
        }
        let error = of_run(run("", "").path()).expect_err("empty").to_string();
        assert!(error.contains("holds no mse"), "{error}");
    }
}
