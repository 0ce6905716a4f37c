//! The gates of the LSTM cells: their order along a weight's output channels, which checkpoints and graphs share.

/// A gate of a convolutional LSTM. `gates.weight` and `gates.bias` hold H output channels of each, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// How much of the cell state stays.
    Forget,
    /// How much of the candidate is added.
    Input,
    /// How much of the cell state is shown.
    Output,
    /// What may be added to the cell state; its non-linearity is tanh, that of the others the sigmoid.
    Candidate,
}

impl Gate {
    /// All of them, in the order of the output channels.
    pub const ALL: [Self; 4] = [Self::Forget, Self::Input, Self::Output, Self::Candidate];

    /// Its place among the gates: channels `index · H` to `(index + 1) · H` are its own.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name used in graphs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forget => "forget",
            Self::Input => "input",
            Self::Output => "output",
            Self::Candidate => "candidate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;

    #[test]
    fn the_index_is_the_place_in_the_list() {
        for (index, gate) in Gate::ALL.into_iter().enumerate() {
            assert_eq!(gate.index(), index, "{gate:?}");
        }
    }
}
