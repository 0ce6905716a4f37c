//! Maps in double precision, for the computation that graphs are held against.

/// A map of some channels, `[c,h,w]`.
#[derive(Debug, Clone)]
pub(crate) struct Map {
    pub(crate) channels: usize,
    pub(crate) side: usize,
    pub(crate) numbers: Vec<f64>,
}

impl Map {
    pub(crate) fn new(
        channels: usize,
        side: usize,
        number: impl Fn(usize, usize, usize) -> f64,
    ) -> Self {
        let mut numbers = Vec::new();
        for channel in 0..channels {
            for row in 0..side {
                numbers.extend((0..side).map(|column| number(channel, row, column)));
            }
        }
        Self { channels, side, numbers }
    }

    pub(crate) fn at(&self, channel: usize, row: usize, column: usize) -> f64 {
        self.numbers[(channel * self.side + row) * self.side + column]
    }

    /// Zero outside.
    pub(crate) fn padded(&self, channel: usize, row: isize, column: isize) -> f64 {
        let inside = |place: isize| (0..self.side as isize).contains(&place);
        if inside(row) && inside(column) {
            self.at(channel, row as usize, column as usize)
        } else {
            0.0
        }
    }

    pub(crate) fn relu(mut self) -> Self {
        self.numbers.iter_mut().for_each(|number| *number = number.max(0.0));
        self
    }

    pub(crate) fn plus(mut self, other: &Self) -> Self {
        self.numbers.iter_mut().zip(&other.numbers).for_each(|(number, other)| *number += other);
        self
    }

    pub(crate) fn over(mut self, below: &Self) -> Self {
        self.numbers.extend(&below.numbers);
        Self { channels: self.channels + below.channels, ..self }
    }

    /// Bilinear at (x, y) in −1..1, where these are the borders of the map; read at the border beyond it.
    pub(crate) fn sample(&self, channel: usize, x: f64, y: f64) -> f64 {
        let n = self.side as f64;
        let place = |at: f64| (((at + 1.0) * n - 1.0) / 2.0).clamp(0.0, n - 1.0);
        let (column, row) = (place(x), place(y));
        let mut sum = 0.0;
        for (i, j) in (0..self.side).flat_map(|i| (0..self.side).map(move |j| (i, j))) {
            let share = |at: f64, point: usize| (1.0 - (at - point as f64).abs()).max(0.0);
            sum += share(row, i) * share(column, j) * self.at(channel, i, j);
        }
        sum
    }
}
