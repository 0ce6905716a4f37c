//! Curves over training steps as an SVG.
//!
//! The scoreboard's chart (`xtask/bench/scoreboard`) is drawn with the same library, plotters, and shares no code with this one:
//! it has bars and no axes, sizes that follow from its rows, and a colour for each kind of graph; this one has axes, a legend
//! and six colours for any curves. What both do alike is to open an SVG and fill it with white.

use plotters::prelude::*;
use plotters::style::RelativeSize;
use thiserror::Error;

use super::points::Curve;

const WIDTH: u32 = 720;
const HEIGHT: u32 = 380;
/// Colours that stay apart for most eyes (Okabe and Ito 2008), told from the grid's grey.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];

/// Share of the steps after which no error is cut off.
const SETTLED: f64 = 0.05;

/// Curves over training steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What the vertical axis shows.
    pub error: String,
    /// The curves; the first six have colours of their own.
    pub curves: Vec<Curve>,
}

/// A chart that cannot be drawn.
#[derive(Debug, Error)]
#[error("the curves cannot be drawn: {0}")]
pub struct ChartError(String);

impl Chart {
    /// The chart as SVG, from step and error 0.
    ///
    /// # Errors
    /// [`ChartError`] if a number is not finite.
    pub fn svg(&self) -> Result<String, ChartError> {
        let mut text = String::new();
        self.draw(&mut text).map_err(|error| ChartError(error.to_string()))?;
        Ok(text)
    }

    fn draw(&self, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        if points().any(|(step, error)| !step.is_finite() || !error.is_finite()) {
            return Err("an error is not finite".into());
        }
        let last = points().map(|point| point.0).fold(1.0, f64::max);
        // Fresh weights are far off for a moment, which would press all else to the ground: cut off above.
        let settled = points().filter(|point| point.0 >= SETTLED * last);
        let top = 1.05 * settled.map(|point| point.1).fold(1e-6, f64::max);
        let area = SVGBackend::with_string(text, (WIDTH, HEIGHT)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..last, 0.0..top)?;
        chart
            .configure_mesh()
            .x_desc("training steps")
            .y_desc(&self.error)
            .x_label_formatter(&|step| format!("{step:.0}"))
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (curve, colour) in self.curves.iter().zip(COLOURS.iter().cycle()) {
            let style = colour.stroke_width(2);
            let points = curve.points.iter().map(|&(step, error)| (step, error.min(top)));
            chart
                .draw_series(LineSeries::new(points, style))?
                .label(&curve.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .margin(RelativeSize::Height(0.02))
            .background_style(WHITE)
            .border_style(BLACK.mix(0.2))
            .draw()?;
        area.present()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(name: &str, points: &[(f64, f64)]) -> Curve {
        Curve { name: name.to_owned(), points: points.to_vec() }
    }

    #[test]
    fn every_curve_has_its_line_and_its_name() {
        let curves = vec![
            curve("rooms <1>", &[(0.0, 0.5), (10.0, 0.25)]),
            curve("mazes", &[(0.0, 0.4), (5.0, 0.3)]),
        ];
        let chart = Chart { error: "squared error".to_owned(), curves };
        let svg = chart.svg().expect("a drawing");
        assert_eq!(svg, chart.svg().expect("a drawing"), "the same bytes");
        for part in
            ["rooms &lt;1&gt;", "mazes", "squared error", "training steps", "#0072B2", "#D55E00"]
        {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let chart = Chart { error: String::new(), curves: vec![curve("a", &[(0.0, f64::NAN)])] };
        assert!(chart.svg().is_err());
    }
}
