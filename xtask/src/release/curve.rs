//! The curves of a run, as a picture for its model's folder.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 40.0;
const TOP: f64 = 30.0;
/// Points that a curve is averaged to: noise of single batches would hide it.
const POINTS: usize = 100;

/// A step and a squared error.
type Point = (f64, f64);

/// Draws squared errors over steps: of training batches, whose pictures are generated in the generation phase and
/// reconstructed in the ELBO phase, and of held-out pictures, generated.
pub(super) fn draw(run: &Path) -> Result<String> {
    let log = run.join("metrics.jsonl");
    let [generated, reconstructed] = [true, false].map(|generation| {
        let points = read(&log, "mse", |line| (line["phase"] == "generation") == generation)?;
        Ok::<_, anyhow::Error>(averaged(&points))
    });
    let (generated, reconstructed) = (generated?, reconstructed?);
    ensure!(!(generated.is_empty() && reconstructed.is_empty()), "the run has logged no step");
    let held_out = run.join("held_out.jsonl");
    let held_out =
        if held_out.exists() { read(&held_out, "mse_generated", |_| true)? } else { Vec::new() };
    let mut curves = vec![
        ("generated, training", "#4070b0", generated),
        ("reconstructed, training", "#888888", reconstructed),
        ("generated, held out", "#c03060", held_out),
    ];
    // A phase that the run has not, or not yet, has no curve.
    curves.retain(|(name, _, points)| !(points.is_empty() && name.ends_with("training")));
    Ok(svg(&curves))
}

/// A figure of the lines that are `wanted`.
fn read(path: &Path, figure: &str, wanted: impl Fn(&Value) -> bool) -> Result<Vec<Point>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot open {}", path.display()))?;
    let point = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        wanted(&line).then_some(())?;
        Some((line["step"].as_f64()?, line[figure].as_f64()?))
    };
    Ok(text.lines().filter_map(point).collect())
}

fn averaged(points: &[Point]) -> Vec<Point> {
    let mean = |part: &[Point]| {
        let sum = part.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / part.len() as f64, sum.1 / part.len() as f64)
    };
    points.chunks(points.len().div_ceil(POINTS).max(1)).map(mean).collect()
}

fn svg(curves: &[(&str, &str, Vec<Point>)]) -> String {
    let all = || curves.iter().flat_map(|(_, _, points)| points);
    let last = all().map(|point| point.0).fold(1.0, f64::max);
    let most = all().map(|point| point.1).fold(1e-6, f64::max);
    let x = |step: f64| LEFT + step / last * (WIDTH - LEFT - 20.0);
    let y = |error: f64| HEIGHT - BOTTOM - error / most * (HEIGHT - BOTTOM - TOP);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let mut line = |line: String| writeln!(text, "{line}").expect("a string takes any text");
    for part in 0..=4_u32 {
        let part = f64::from(part) / 4.0;
        let (at, right) = (y(part * most), WIDTH - 20.0);
        line(format!("<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#dddddd\"/>"));
        line(format!(
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{:.4}</text>",
            LEFT - 6.0,
            at + 4.0,
            part * most
        ));
        let (at, below) = (x(part * last), HEIGHT - BOTTOM + 18.0);
        line(format!(
            "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{:.0}</text>",
            part * last
        ));
    }
    for (index, (name, colour, points)) in curves.iter().enumerate() {
        let points: Vec<String> =
            points.iter().map(|&(step, error)| format!("{:.1},{:.1}", x(step), y(error))).collect();
        line(format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        ));
        let at = LEFT + 185.0 * index as f64;
        line(format!("<text x=\"{at}\" y=\"18\" fill=\"{colour}\">MSE {name}</text>"));
    }
    line(format!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">steps</text>",
        WIDTH - 20.0,
        HEIGHT - 6.0
    ));
    line("</svg>".to_owned());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_becomes_two_curves() {
        let run = tempfile::tempdir().unwrap();
        let log: Vec<String> = (0..1000)
            .map(|step| format!("{{\"step\":{step},\"mse\":{}}}", 1.0 / f64::from(step + 1)))
            .collect();
        fs::write(run.path().join("metrics.jsonl"), log.join("\n")).unwrap();
        fs::write(run.path().join("held_out.jsonl"), "{\"step\":500,\"mse_generated\":0.04}\n")
            .unwrap();
        let svg = draw(run.path()).unwrap();
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert_eq!(
            svg.split("points=\"").nth(1).unwrap().split('"').next().unwrap().split(' ').count(),
            POINTS
        );
    }

    #[test]
    fn pictures_of_the_generation_phase_are_called_generated() {
        let run = tempfile::tempdir().unwrap();
        let draw_with = |log: &str| {
            fs::write(run.path().join("metrics.jsonl"), log).unwrap();
            draw(run.path()).unwrap()
        };
        let first = "{\"step\":0,\"phase\":\"generation\",\"mse\":0.5}\n";
        let svg = draw_with(first);
        assert!(svg.contains("generated, training") && !svg.contains("reconstructed"), "{svg}");
        let svg = draw_with(&format!("{first}{{\"step\":1,\"phase\":\"elbo\",\"mse\":0.25}}\n"));
        assert!(svg.contains("generated, training") && svg.contains("reconstructed, training"));
        assert_eq!(svg.matches("<polyline").count(), 3);
    }

    #[test]
    fn a_run_without_a_log_is_refused() {
        let run = tempfile::tempdir().unwrap();
        assert!(draw(run.path()).unwrap_err().to_string().starts_with("cannot open"));
    }
}
