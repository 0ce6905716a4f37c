//! Strided views: numbers of a tensor in another order, or some of them, without a copy.

use super::plan::Slot;

/// Numbers of a tensor: all or some of them, in its order or another, once or several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) slot: Slot,
    pub(crate) offset: usize,
    pub(crate) axes: Vec<Axis>,
}

/// So many numbers, so far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Axis {
    pub(crate) length: usize,
    pub(crate) stride: usize,
}

impl View {
    /// All of a tensor in its order.
    pub(crate) fn new(slot: Slot, shape: &[usize]) -> Self {
        Self { slot, offset: 0, axes: standard(shape) }
    }

    pub(crate) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.length).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.axes.iter().map(|axis| axis.length).product()
    }

    /// Whether its numbers stand one after the other.
    pub(crate) fn is_dense(&self) -> bool {
        let standard = standard(&self.shape());
        self.axes.iter().zip(standard).all(|(axis, standard)| axis.length == 1 || *axis == standard)
    }

    /// Under another shape, if that can be without moving a number.
    pub(crate) fn reshaped(&self, shape: &[usize]) -> Option<Self> {
        let axes = self.is_dense().then(|| standard(shape))?;
        Some(Self { axes, ..self.clone() })
    }

    /// Axis i is axis `order[i]` of this.
    pub(crate) fn permuted(&self, order: &[usize]) -> Self {
        let axes = order.iter().map(|axis| self.axes[*axis]).collect();
        Self { axes, ..self.clone() }
    }

    /// Part of an axis.
    pub(crate) fn narrowed(&self, axis: usize, start: usize, length: usize) -> Self {
        let mut view = self.clone();
        view.offset += start * view.axes[axis].stride;
        view.axes[axis].length = length;
        view
    }

    /// Every `step`th of an axis, so many from `start` on.
    pub(crate) fn stepped(&self, axis: usize, start: usize, length: usize, step: usize) -> Self {
        let mut view = self.narrowed(axis, start, length);
        view.axes[axis].stride *= step;
        view
    }

    /// Without an axis of one.
    pub(crate) fn without(&self, axis: usize) -> Self {
        let mut view = self.clone();
        view.axes.remove(axis);
        view
    }

    /// With another axis of one.
    pub(crate) fn with(&self, axis: usize) -> Self {
        let mut view = self.clone();
        view.axes.insert(axis, Axis { length: 1, stride: 0 });
        view
    }

    /// Repeated along axes of one, and along new ones in front, to that shape; none if it does not fit.
    pub(crate) fn broadcast(&self, shape: &[usize]) -> Option<Self> {
        let new = shape.len().checked_sub(self.axes.len())?;
        let axis = |(index, length): (usize, &usize)| {
            let length = *length;
            let Some(axis) = index.checked_sub(new).map(|index| self.axes[index]) else {
                return Some(Axis { length, stride: 0 });
            };
            match axis.length {
                found if found == length => Some(axis),
                1 => Some(Axis { length, stride: 0 }),
                _ => None,
            }
        };
        let axes = shape.iter().enumerate().map(axis).collect::<Option<_>>()?;
        Some(Self { axes, ..self.clone() })
    }

    /// Where its number of that index stands, in its order.
    pub(crate) fn place(&self, index: usize) -> usize {
        let mut rest = index;
        let mut place = self.offset;
        for axis in self.axes.iter().rev() {
            place += rest % axis.length * axis.stride;
            rest /= axis.length;
        }
        place
    }

    /// Its axes as one, if their numbers are evenly apart.
    pub(crate) fn collapsed(axes: &[Axis]) -> Option<Axis> {
        let mut even = Axis { length: 1, stride: 0 };
        for axis in axes.iter().rev().filter(|axis| axis.length != 1) {
            if even.length == 1 {
                even = *axis;
            } else if axis.stride == even.stride * even.length {
                even.length *= axis.length;
            } else {
                return None;
            }
        }
        Some(even)
    }
}

fn standard(shape: &[usize]) -> Vec<Axis> {
    let mut stride = 1;
    let mut axes: Vec<Axis> = shape
        .iter()
        .rev()
        .map(|&length| {
            let axis = Axis { length, stride };
            stride *= length;
            axis
        })
        .collect();
    axes.reverse();
    axes
}
