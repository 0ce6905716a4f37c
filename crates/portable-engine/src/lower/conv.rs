//! Convolutions.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};

use super::call::Call;
use super::gemm::{Lines, dense};
use super::layout::{picture, spread};
use super::lowering::Lowering;
use crate::compute::{Conv2d, View};
use crate::kernels::Left;

/// x `[n,c,H,W]`, weight `[o,c,k,k]`, bias `[o]` or none
pub(super) fn conv<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let (x, weight) = (graph.view(call.input(0)?)?, graph.view(call.input(1)?)?);
    let bias = call.optional(2).map(|bias| graph.view(bias)).transpose()?;
    let (stride, pads) = sizes(call)?;
    let groups = usize::try_from(call.integer("group").unwrap_or(1))?;
    direct_only(call)?;
    ensure!(groups > 0, "it has 0 groups");
    if groups > 1 {
        let plain = pads == [0; 4] && stride == [1; 2];
        ensure!(plain && bias.is_none(), "its groups are padded, strided or have a bias");
        return grouped(graph, &x, &weight, groups);
    }
    let shape = weight.shape();
    let [o, c, height, width] = shape[..] else { bail!("a weight of shape {shape:?}") };
    let depth = c * height * width;
    let numbers = graph.constant_numbers(&weight)?;
    let lines = Lines { count: o, length: depth, strides: (depth, 1), matrices: 1 };
    let kernels = graph.packs.left(graph.budget, &numbers, lines)?;
    let window = Im2col { channels: c, kernel: [height, width], pads, stride };
    window.wire(graph, &x, kernels, bias)
}

/// x `[n,g·c,H,W]`, weight `[g·o,c,1,1]` → `[n,g·o,H,W]`: a product for every group, the channels innermost in memory.
fn grouped(graph: &mut Lowering<'_>, x: &View, weight: &View, groups: usize) -> Result<View> {
    let (kernel, [_, channels, _, _]) = (weight.shape(), picture(x)?);
    let [outputs, c, 1, 1] = kernel[..] else { bail!("groups of kernels of shape {kernel:?}") };
    ensure!(
        groups.checked_mul(c) == Some(channels) && outputs.is_multiple_of(groups),
        "{groups} groups of {c} from {channels} channels to {outputs}"
    );
    let numbers = graph.constant_numbers(weight)?;
    let lines = Lines { count: outputs / groups, length: c, strides: (c, 1), matrices: groups };
    let matrices = graph.packs.right(graph.budget, &numbers, lines)?;
    let y = dense(graph, &x.permuted(&[0, 2, 3, 1]), matrices)?;
    Ok(y.permuted(&[0, 3, 1, 2]))
}

/// x `[n,c,H,W]`, weight `[c,o,k,k]` → `[n,o,kH,kW]`: the exporter's windows never overlap.
///
/// So it is a product for every place, `[n,o·k·k,H,W]`, whose channels are then spread over the window.
pub(super) fn conv_transpose<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let (x, weight) = (graph.view(call.input(0)?)?, graph.view(call.input(1)?)?);
    let shape = weight.shape();
    let [c, o, height, width] = shape[..] else { bail!("a weight of shape {shape:?}") };
    let (stride, pads) = sizes(call)?;
    ensure!(height == width && stride == [height, width], "its windows overlap or leave gaps");
    let more = call.integers("output_shape").is_some()
        || call.integers("output_padding").is_some_and(|list| list.iter().any(|pad| *pad != 0));
    ensure!(pads == [0; 4] && !more && call.optional(2).is_none(), "it is padded or has a bias");
    direct_only(call)?;
    ensure!(call.integer("group").unwrap_or(1) == 1, "it is grouped");
    let numbers = graph.constant_numbers(&weight)?;
    let count = o * height * width;
    let lines = Lines { count, length: c, strides: (1, count), matrices: 1 };
    let kernels = graph.packs.left(graph.budget, &numbers, lines)?;
    let window = Im2col { channels: c, kernel: [1, 1], pads, stride: [1; 2] };
    let places = window.wire(graph, &x, kernels, None)?;
    spread(graph, &places, height)
}

/// Of windows: how far they move, and the paddings above, at the left, below and at the right.
pub(super) fn sizes(call: Call<'_>) -> Result<([usize; 2], [usize; 4])> {
    let strides = call.lengths("strides")?.unwrap_or_else(|| vec![1; 2]);
    let pads = call.lengths("pads")?.unwrap_or_else(|| vec![0; 4]);
    match (<[usize; 2]>::try_from(&*strides), <[usize; 4]>::try_from(&*pads)) {
        (Ok(strides), Ok(pads)) if !strides.contains(&0) => Ok((strides, pads)),
        _ => bail!("its windows move by {strides:?} on a picture with paddings of {pads:?}"),
    }
}

/// How many windows a picture has, along either axis.
pub(super) fn places(
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    pads: [usize; 4],
) -> Result<[usize; 2]> {
    let places = |axis: usize| {
        let padded =
            size[axis].checked_add(pads[axis]).and_then(|sum| sum.checked_add(pads[axis + 2]));
        let padded = padded.with_context(|| format!("paddings of {pads:?}"))?;
        let rest = padded.checked_sub(kernel[axis]).filter(|_| kernel[axis] > 0);
        let rest = rest.with_context(|| {
            format!("windows of {kernel:?} do not fit into a picture of {size:?}")
        })?;
        anyhow::Ok(rest / stride[axis] + 1)
    };
    Ok([places(0)?, places(1)?])
}

pub(super) fn direct_only(call: Call<'_>) -> Result<()> {
    let plain = call.lengths("dilations")?.is_none_or(|list| list.iter().all(|step| *step == 1));
    ensure!(plain, "it is dilated");
    let by_itself = call.text("auto_pad").is_some_and(|text| text != b"NOTSET");
    ensure!(!by_itself, "it pads by itself");
    Ok(())
}

/// How windows lie on a picture.
struct Im2col {
    channels: usize,
    kernel: [usize; 2],
    /// Above, at the left, below, at the right.
    pads: [usize; 4],
    stride: [usize; 2],
}

impl Im2col {
    fn wire(
        self,
        graph: &mut Lowering<'_>,
        x: &View,
        kernels: Arc<Left>,
        bias: Option<View>,
    ) -> Result<View> {
        let x = graph.contiguous(x)?;
        let [n, c, height, width] = picture(&x)?;
        ensure!(c == self.channels, "{c} channels, the weight has {}", self.channels);
        let output = places([height, width], self.kernel, self.stride, self.pads)?;
        let shape = vec![n, kernels.lines(), output[0], output[1]];
        let mut inputs = vec![x.slot];
        if let Some(bias) = bias {
            ensure!(bias.shape()[..] == [kernels.lines()], "a bias of shape {:?}", bias.shape());
            inputs.push(graph.contiguous(&bias)?.slot);
        }
        let window = Conv2d {
            kernels,
            input: [c, height, width],
            kernel: self.kernel,
            stride: self.stride,
            padding: [self.pads[0], self.pads[1]],
            output,
        };
        graph.add_one(window, &inputs, shape)
    }
}
