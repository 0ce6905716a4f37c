//! Operators, parameters and multiply-adds of a graph, counted from its structure.

use std::collections::BTreeMap;
use std::fmt;

use gqn_formats::{GraphPorts, ModelConfig, names};

use crate::graph::Graph;
use crate::graphs::Structure;
use crate::optimise::{Convolution, Pass, ablated};
use crate::options::ExportOptions;

/// What a graph is made of, counted from its structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphSummary {
    /// Its file in a package.
    pub file: &'static str,
    /// What one run works on many of: `view` or `query`.
    pub item: &'static str,
    /// Inputs and outputs.
    pub ports: GraphPorts,
    /// Number of nodes by operator.
    pub operators: BTreeMap<&'static str, usize>,
    /// Scalars in the weights.
    pub parameters: u64,
    /// Bytes of the weights as they are stored.
    pub weight_bytes: u64,
    /// Multiply-adds of convolutions, matrix products and samples for one view or one query, without what engines compute once
    /// from weights.
    pub multiply_adds: u64,
}

impl GraphSummary {
    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.operators.values().sum()
    }

    fn new(file: &'static str, item: &'static str, graph: &Graph) -> Self {
        let mut operators = BTreeMap::new();
        for node in &graph.nodes {
            *operators.entry(node.op).or_insert(0) += 1;
        }
        let multiply_adds = graph.nodes.iter().map(|node| node.multiply_adds).sum();
        let (ports, parameters) = (graph.ports(), graph.parameters());
        let weight_bytes = graph.weight_bytes();
        Self { file, item, ports, operators, parameters, weight_bytes, multiply_adds }
    }

    fn pair([representation, generator]: &[Graph; 2]) -> [Self; 2] {
        [
            Self::new(names::REPRESENTATION_FILE, "view", representation),
            Self::new(names::GENERATOR_FILE, "query", generator),
        ]
    }
}

/// The representation graph and the generator after each pass, one pass more in every row: what came last, or none for
/// the reference. Winograd is there if the options export it.
pub fn summarize_passes(
    config: &ModelConfig,
    options: &ExportOptions,
) -> Vec<(Option<Pass>, [GraphSummary; 2])> {
    let count = |passes: &[Pass]| GraphSummary::pair(&ablated(config, passes));
    let mut rows = vec![(None, summarize(config, &ExportOptions::REFERENCE))];
    for (index, pass) in Pass::ALL.into_iter().enumerate() {
        if pass != Pass::Winograd {
            rows.push((Some(pass), count(&Pass::ALL[..=index])));
        } else if matches!(options.convolution(config), Convolution::Winograd(..)) {
            rows.push((Some(pass), summarize(config, options)));
        }
    }
    rows
}

/// Summaries of the representation graph and of the generator, in this order.
pub fn summarize(config: &ModelConfig, options: &ExportOptions) -> [GraphSummary; 2] {
    let Structure { representation, generator, .. } = Structure::new(config, options);
    GraphSummary::pair(&[representation, generator])
}

impl fmt::Display for GraphSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.file)?;
        for (direction, ports) in [("input", &self.ports.inputs), ("output", &self.ports.outputs)] {
            for port in ports {
                writeln!(
                    f,
                    "  {direction:<13} {} {} {}",
                    port.name,
                    port.shape_text(),
                    port.dtype
                )?;
            }
        }
        let (parameters, bytes) = (grouped(self.parameters), grouped(self.weight_bytes));
        writeln!(f, "  parameters    {parameters}, {bytes} bytes")?;
        writeln!(f, "  multiply-adds {} per {}", grouped(self.multiply_adds), self.item)?;
        let mut operators: Vec<_> = self.operators.iter().collect();
        operators.sort_by_key(|(op, count)| (std::cmp::Reverse(**count), **op));
        let operators: Vec<_> =
            operators.into_iter().map(|(op, count)| format!("{op} {count}")).collect();
        writeln!(f, "  nodes         {}: {}", self.nodes(), operators.join(", "))
    }
}

/// A number with its digits in threes: `16 777 216`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use gqn_formats::{Precision, Preset};

    use super::*;
    use crate::options::Winograd;

    #[test]
    fn digits_stand_in_threes() {
        let expected = [(0, "0"), (999, "999"), (1000, "1 000"), (16_777_216, "16 777 216")];
        for (number, text) in expected {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn multiply_adds_of_the_paper_preset() {
        // By hand, a step: gates 394·512·5²·16², prior 128·6·5²·16², up-samplers of v 7·7·16², of r 256·256·16² and of
        // the hidden state 128·128·4²·16²; twelve steps and the observation 128·3·64².
        let pixels = 16 * 16;
        let step = pixels * (394 * 512 * 25 + 128 * 6 * 25 + 7 * 7 + 256 * 256 + 128 * 128 * 16);
        let [_, generator] = summarize(&Preset::Paper.config(), &ExportOptions::REFERENCE);
        assert_eq!(generator.multiply_adds, 12 * step + 128 * 3 * 64 * 64);
    }

    /// The largest that a config may say. Tables that every step shares used to be computed for each: minutes.
    #[test]
    fn the_largest_models_are_counted_in_time() {
        const SOON: std::time::Duration = std::time::Duration::from_secs(50);
        for preset in [Preset::TinyTower, Preset::Tiny] {
            let config = ModelConfig { image_size: 1024, steps: 256, ..preset.config() };
            config.validate().expect("sizes that are allowed");
            for precision in [Precision::Fp32, Precision::Int8] {
                let options = ExportOptions { precision, ..ExportOptions::OPTIMISED };
                let start = std::time::Instant::now();
                let [_, generator] = summarize(&config, &options);
                let took = start.elapsed();
                assert!(took < SOON, "{preset:?}: {took:?}");
                assert!(generator.nodes() > 256 && generator.multiply_adds > 1 << 40);
            }
        }
    }

    #[test]
    fn all_rewrites_together_are_counted_as_they_are_exported() {
        for preset in [Preset::Paper, Preset::Tiny, Preset::TinyTower] {
            let (config, winograd) = (preset.config(), Winograd::Off);
            let options = ExportOptions { winograd, ..ExportOptions::OPTIMISED };
            let rows = summarize_passes(&config, &options);
            let (_, last) = rows.last().expect("a row of the reference at least");
            assert_eq!(*last, summarize(&config, &options), "{preset:?}");
        }
    }

    #[test]
    fn multiply_adds_of_the_tower() {
        // By hand, 64×64 pictures, R = 256: the eight convolutions of the tower at 32×32 and 16×16.
        let (half, quarter) = (32 * 32, 16 * 16);
        let first = 3 * 256 * 4 * half
            + 256 * 256 * 4 * quarter
            + 256 * 128 * 9 * half
            + 128 * 256 * 4 * quarter;
        let second = (263 * 256 * 9 + 263 * 128 * 9 + 128 * 256 * 9 + 256 * 256) * quarter;
        let [representation, _] = summarize(&Preset::Paper.config(), &ExportOptions::REFERENCE);
        assert_eq!(representation.multiply_adds, first + second);
    }
}
