//! The chart: bars, as an SVG.
//!
//! `gqn-train curves` (`trainer/src/run/curves/chart.rs`) draws with the same library, plotters, and shares no code with this one:
//! it has axes, a legend and six colours for any curves; this one has bars and no axes, a height that follows from the rows, and
//! a colour for each kind of graph. What both do alike is to open an SVG and fill it with white.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::FontStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::{Row, distinct};

const WIDTH: i32 = 900;
/// Height of a bar and of what is between it and the next.
const BAR: i32 = 20;
/// Where bars begin; what they stand for is on their left.
const LEFT: i32 = 250;
/// Room for the number behind the longest bar.
const RIGHT: i32 = 70;
const FONT: f64 = 13.0;

/// Bars of the rows of one query on the fewest threads, as an SVG: a panel for each model, each with a scale of its own.
pub(crate) fn chart(rows: &[Row]) -> Result<String> {
    let fewest = rows.iter().map(|row| row.threads).min().unwrap_or_default();
    let rows = rows.iter().filter(|row| row.queries == 1 && row.threads == fewest);
    let rows: Vec<&Row> = rows.filter(|row| row.refused.is_none()).collect();
    let models = distinct(rows.iter().map(|row| row.model()));
    let height = BAR as usize * (rows.len() + 2 * models.len() + 1);
    let mut text = String::new();
    let area =
        SVGBackend::with_string(&mut text, (WIDTH as u32, height as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    let font = |style| FontDesc::new(FontFamily::SansSerif, FONT, style);
    let at = |side| TextStyle::from(font(FontStyle::Normal)).pos(Pos::new(side, VPos::Center));
    let (before, behind) = (at(HPos::Right), at(HPos::Left));
    let mut top = BAR / 2;
    for model in models {
        let of_model: Vec<&&Row> = rows.iter().filter(|row| row.model() == model).collect();
        let longest = of_model.iter().map(|row| row.ms_per_view).fold(1e-9, f64::max);
        let threads = if fewest == 1 { "thread" } else { "threads" };
        let title = format!("{model}: milliseconds a view, one query, {fewest} {threads}");
        area.draw(&Text::new(title, (8, top), font(FontStyle::Bold)))?;
        top += BAR + BAR / 4;
        for row in of_model {
            let length = row.ms_per_view / longest * f64::from(WIDTH - LEFT - RIGHT);
            let (right, middle) = (LEFT + length.round() as i32, top + BAR / 2 - 2);
            let bar = [(LEFT, top), (right, top + BAR - 4)];
            let name = format!("{}, {}", row.engine, row.graph());
            area.draw(&Text::new(name, (LEFT - 8, middle), before.clone()))?;
            area.draw(&Rectangle::new(bar, colour(row.graph()).filled()))?;
            let number = format!("{:.2}", row.ms_per_view);
            area.draw(&Text::new(number, (right + 6, middle), behind.clone()))?;
            top += BAR;
        }
        top += BAR - BAR / 4;
    }
    area.present()?;
    drop(area);
    Ok(text)
}

fn colour(graph: &str) -> RGBColor {
    match graph {
        "reference" => RGBColor(0x99, 0x99, 0x99),
        "direct" => RGBColor(0x4c, 0x8f, 0xbd),
        "Winograd" => RGBColor(0xd9, 0x77, 0x2b),
        "fp16" => RGBColor(0xc9, 0xa2, 0x27),
        _ => RGBColor(0x3f, 0x9b, 0x5c),
    }
}
