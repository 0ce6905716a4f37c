//! Convolutions, and what turns channels into places.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};

use super::call::Call;
use super::lowering::Lowering;
use super::operators::reshaped;
use super::products::{Lines, dense};
use crate::compute::{View, Window};
use crate::kernels::Left;

/// x `[n,c,H,W]`, weight `[o,c,k,k]`, bias `[o]` or none
pub(super) fn conv<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let (x, weight) = (graph.view(call.input(0)?)?, graph.view(call.input(1)?)?);
    let bias = call.optional(2).map(|bias| graph.view(bias)).transpose()?;
    let pads = call.lengths("pads")?.unwrap_or_else(|| vec![0; 4]);
    ensure!(pads.len() == 4, "{} paddings of a picture", pads.len());
    let groups = usize::try_from(call.integer("group").unwrap_or(1))?;
    let strides = call.lengths("strides")?.unwrap_or_else(|| vec![1; 2]);
    ensure!(strides.len() == 2 && !strides.contains(&0), "its windows move by {strides:?}");
    direct_only(call)?;
    if groups > 1 {
        let plain = pads.iter().all(|pad| *pad == 0) && strides.iter().all(|step| *step == 1);
        ensure!(plain && bias.is_none(), "its groups are padded, strided or have a bias");
        return grouped(graph, &x, &weight, groups);
    }
    let shape = weight.shape();
    let [o, c, height, width] = shape[..] else { bail!("a weight of shape {shape:?}") };
    let depth = c * height * width;
    let numbers = graph.constant_numbers(&weight)?;
    let lines = Lines { count: o, length: depth, strides: (depth, 1), matrices: 1 };
    let kernels = graph.packs.left(&numbers, lines)?;
    let window = Windows { channels: c, kernel: [height, width], pads, strides };
    window.wire(graph, &x, kernels, bias)
}

/// x `[n,g·c,H,W]`, weight `[g·o,c,1,1]` → `[n,g·o,H,W]`: a product for every group, the channels innermost in memory.
fn grouped(graph: &mut Lowering<'_>, x: &View, weight: &View, groups: usize) -> Result<View> {
    let (input, kernel) = (x.shape(), weight.shape());
    let [_, channels, _, _] = input[..] else { bail!("a picture of shape {input:?}") };
    let [outputs, c, 1, 1] = kernel[..] else { bail!("groups of kernels of shape {kernel:?}") };
    ensure!(
        channels == groups * c && outputs.is_multiple_of(groups),
        "{groups} groups of {c} from {channels} channels to {outputs}"
    );
    let numbers = graph.constant_numbers(weight)?;
    let lines = Lines { count: outputs / groups, length: c, strides: (c, 1), matrices: groups };
    let matrices = graph.packs.right(&numbers, lines)?;
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
    let strides = call.lengths("strides")?.unwrap_or_else(|| vec![1; 2]);
    let pads = call.lengths("pads")?.unwrap_or_else(|| vec![0; 4]);
    ensure!(height == width && *strides == [height, width], "its windows overlap or leave gaps");
    ensure!(
        pads.iter().all(|pad| *pad == 0) && call.node.input.len() == 2,
        "it is padded or has a bias"
    );
    direct_only(call)?;
    ensure!(call.integer("group").unwrap_or(1) == 1, "it is grouped");
    let numbers = graph.constant_numbers(&weight)?;
    let count = o * height * width;
    let lines = Lines { count, length: c, strides: (1, count), matrices: 1 };
    let kernels = graph.packs.left(&numbers, lines)?;
    let window = Windows { channels: c, kernel: [1, 1], pads, strides: vec![1; 2] };
    let places = window.wire(graph, &x, kernels, None)?;
    spread(graph, &places, height)
}

/// `[n,c·b·b,H,W]` → `[n,c,bH,bW]`
pub(super) fn depth_to_space<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.view(call.input(0)?)?;
    let block = usize::try_from(call.integer("blocksize").context("it has no blocksize")?)?;
    ensure!(call.text("mode") == Some(b"CRD"), "its order of channels is another than CRD");
    spread(graph, &x, block)
}

fn direct_only(call: Call<'_>) -> Result<()> {
    let plain = call.lengths("dilations")?.is_none_or(|list| list.iter().all(|step| *step == 1));
    ensure!(plain, "it is dilated");
    ensure!(call.text("auto_pad").is_none(), "it pads by itself");
    Ok(())
}

/// How windows lie on a picture.
struct Windows {
    channels: usize,
    kernel: [usize; 2],
    /// Above, at the left, below, at the right.
    pads: Vec<usize>,
    strides: Vec<usize>,
}

impl Windows {
    fn wire(
        self,
        graph: &mut Lowering<'_>,
        x: &View,
        kernels: Arc<Left>,
        bias: Option<View>,
    ) -> Result<View> {
        let x = graph.standing(x)?;
        let input = x.shape();
        let [n, c, height, width] = input[..] else { bail!("a picture of shape {input:?}") };
        ensure!(c == self.channels, "{c} channels, the weight has {}", self.channels);
        let places = |axis: usize, length: usize| {
            let padded = length + self.pads[axis] + self.pads[axis + 2];
            let rest = padded
                .checked_sub(self.kernel[axis])
                .context("its windows are larger than the picture")?;
            anyhow::Ok(rest / self.strides[axis] + 1)
        };
        let output = [places(0, height)?, places(1, width)?];
        let shape = vec![n, kernels.lines(), output[0], output[1]];
        let mut inputs = vec![x.slot];
        if let Some(bias) = bias {
            ensure!(bias.shape()[..] == [kernels.lines()], "a bias of shape {:?}", bias.shape());
            inputs.push(graph.standing(&bias)?.slot);
        }
        let window = Window {
            kernels,
            input: [c, height, width],
            kernel: self.kernel,
            stride: [self.strides[0], self.strides[1]],
            padding: [self.pads[0], self.pads[1]],
            output,
        };
        graph.add_one(window, &inputs, shape)
    }
}

/// Channel (c, dy, dx) becomes place (dy, dx) of each block.
fn spread(graph: &mut Lowering<'_>, x: &View, block: usize) -> Result<View> {
    let shape = x.shape();
    let [n, channels, height, width] = shape[..] else { bail!("a picture of shape {shape:?}") };
    ensure!(
        block > 0 && channels.is_multiple_of(block * block),
        "{channels} channels do not fill blocks of side {block}"
    );
    let c = channels / (block * block);
    let apart = reshaped(graph, x, &[n, c, block, block, height, width])?;
    let ordered = apart.permuted(&[0, 1, 4, 2, 5, 3]);
    reshaped(graph, &ordered, &[n, c, height * block, width * block])
}
