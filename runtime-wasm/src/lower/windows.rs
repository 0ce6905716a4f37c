//! Convolutions, and what turns channels into places.

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{AxisOp, TractErrorContext, bail, ensure};
use tract_onnx::tract_hir::tract_core::ops::change_axes::perm_to_ops;
use tract_onnx::tract_hir::tract_core::ops::cnn::{Conv, KernelFormat, PaddingSpec, PoolSpec};
use tract_onnx::tract_hir::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_hir::tract_core::ops::nn::DataFormat;

use super::lowering::{Call, Lowering};

/// x `[n,c,H,W]`, weight `[o,c,k,k]`, bias `[o]` or none
pub(super) fn conv<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let (x, weight) = (graph.input(call, 0)?, graph.input(call, 1)?);
    let bias = graph.optional(call, 2)?;
    let pads = call.lengths("pads")?.unwrap_or_else(|| tvec![0; 4]);
    ensure!(pads.len() == 4, "{} paddings of a picture", pads.len());
    let groups = usize::try_from(call.integer("group").unwrap_or(1))?;
    if groups > 1 {
        let strides = call.lengths("strides")?.unwrap_or_default();
        let plain = pads.iter().all(|pad| *pad == 0) && strides.iter().all(|step| *step == 1);
        ensure!(plain && bias.is_none(), "its groups are padded, strided or have a bias");
        return products(graph, call, x, weight, groups);
    }
    let padding = PaddingSpec::Explicit(pads[..2].into(), pads[2..].into());
    direct_only(call)?;
    wire_conv(graph, call, x, weight, bias, padding, call.lengths("strides")?)
}

/// x `[n,g·c,H,W]`, weight `[g·o,c,1,1]` → `[n,g·o,H,W]`: a product for every group, the channels innermost in memory.
fn products<'a>(
    graph: &mut Lowering<'a>,
    call: &Call<'a>,
    x: OutletId,
    weight: OutletId,
    groups: usize,
) -> TractResult<OutletId> {
    let (input, kernel) = (graph.shape(x)?, graph.shape(weight)?);
    let [n, channels, height, width] = input[..] else { bail!("a picture of shape {input:?}") };
    let [outputs, c, 1, 1] = kernel[..] else { bail!("groups of kernels of shape {kernel:?}") };
    ensure!(
        channels == groups * c && outputs.is_multiple_of(groups),
        "{groups} groups of {c} from {channels} channels to {outputs}"
    );
    let o = outputs / groups;
    let x = graph.wire_move(call, 1, 3, x)?;
    let x = graph.wire_reshape(call, x, &dims(&[n, height, width, groups, c]))?;
    let x = graph.wire_move(call, 3, 0, x)?;
    let weight = graph.wire_reshape(call, weight, &dims(&[groups, o, c]))?;
    let product = EinSum {
        axes: "goc,gnhwc->gnhwo".parse()?,
        operating_dt: f32::datum_type(),
        q_params: None,
    };
    let y = graph.wire(call, product, &[weight, x])?;
    let y = graph.wire_move(call, 0, 3, y)?;
    let y = graph.wire_reshape(call, y, &dims(&[n, height, width, outputs]))?;
    graph.wire_move(call, 3, 1, y)
}

/// x `[n,c,H,W]`, weight `[c,o,k,k]` → `[n,o,kH,kW]`: the exporter's windows never overlap.
///
/// So it is a product for every place, `[n,o·k·k,H,W]`, whose channels are then spread over the window. tract's own
/// operator adds number by number into the picture.
pub(super) fn conv_transpose<'a>(
    graph: &mut Lowering<'a>,
    call: &Call<'a>,
) -> TractResult<OutletId> {
    let (x, weight) = (graph.input(call, 0)?, graph.input(call, 1)?);
    let shape = graph.shape(weight)?;
    let [c, o, height, width] = shape[..] else { bail!("a weight of shape {shape:?}") };
    let strides = call.lengths("strides")?.unwrap_or_else(|| tvec![1; 2]);
    let pads = call.lengths("pads")?.unwrap_or_else(|| tvec![0; 4]);
    ensure!(height == width && *strides == [height, width], "its windows overlap or leave gaps");
    ensure!(
        pads.iter().all(|pad| *pad == 0) && call.node.input.len() == 2,
        "it is padded or has a bias"
    );
    direct_only(call)?;
    ensure!(call.integer("group").unwrap_or(1) == 1, "it is grouped");
    let mut kernel = weight;
    for operator in perm_to_ops(&[1, 2, 3, 0]) {
        kernel = graph.wire(call, operator, &[kernel])?;
    }
    let reshape =
        AxisOp::Reshape(0, dims(&[o, height, width, c]), dims(&[o * height * width, c, 1, 1]));
    kernel = graph.wire(call, reshape, &[kernel])?;
    let places = wire_conv(graph, call, x, kernel, None, PaddingSpec::Valid, None)?;
    spread(graph, call, places, height)
}

/// `[n,c·b·b,H,W]` → `[n,c,bH,bW]`
pub(super) fn depth_to_space<'a>(
    graph: &mut Lowering<'a>,
    call: &Call<'a>,
) -> TractResult<OutletId> {
    let x = graph.input(call, 0)?;
    let block = usize::try_from(call.integer("blocksize").context("it has no blocksize")?)?;
    ensure!(call.text("mode") == Some(b"CRD"), "its order of channels is another than CRD");
    spread(graph, call, x, block)
}

fn direct_only(call: &Call<'_>) -> TractResult<()> {
    let plain = call.lengths("dilations")?.is_none_or(|list| list.iter().all(|step| *step == 1));
    ensure!(plain, "it is dilated");
    ensure!(call.text("auto_pad").is_none(), "it pads by itself");
    Ok(())
}

fn wire_conv(
    graph: &mut Lowering<'_>,
    call: &Call<'_>,
    x: OutletId,
    weight: OutletId,
    bias: Option<OutletId>,
    padding: PaddingSpec,
    strides: Option<TVec<usize>>,
) -> TractResult<OutletId> {
    let (input, kernel) = (graph.shape(x)?, graph.shape(weight)?);
    ensure!(input.len() == 4 && kernel.len() == 4, "it is none of pictures");
    ensure!(input[1] == kernel[1], "{} channels, the weight has {}", input[1], kernel[1]);
    let bias = match bias {
        Some(bias) => bias,
        None => graph.constant(call, tensor0(0.0_f32))?,
    };
    let window = PoolSpec {
        data_format: DataFormat::NCHW,
        kernel_shape: kernel[2..].into(),
        padding,
        dilations: None,
        strides,
        input_channels: kernel[1],
        output_channels: kernel[0],
    };
    let operator = Conv::new(window, KernelFormat::OIHW, 1, None);
    graph.wire(call, operator, &[x, weight, bias])
}

fn dims(lengths: &[usize]) -> TVec<TDim> {
    lengths.iter().map(ToDim::to_dim).collect()
}

/// Channel (c, dy, dx) becomes place (dy, dx) of each block.
fn spread(
    graph: &mut Lowering<'_>,
    call: &Call<'_>,
    x: OutletId,
    block: usize,
) -> TractResult<OutletId> {
    let shape = graph.shape(x)?;
    let [n, channels, height, width] = shape[..] else { bail!("a picture of shape {shape:?}") };
    ensure!(
        block > 0 && channels.is_multiple_of(block * block),
        "{channels} channels do not fill blocks of side {block}"
    );
    let c = channels / (block * block);
    let mut wire =
        graph.wire(call, AxisOp::Reshape(1, dims(&[channels]), dims(&[c, block, block])), &[x])?;
    for operator in perm_to_ops(&[0, 1, 4, 2, 5, 3]) {
        wire = graph.wire(call, operator, &[wire])?;
    }
    let (from, to) =
        (dims(&[n, c, height, block, width, block]), dims(&[n, c, height * block, width * block]));
    graph.wire(call, AxisOp::Reshape(0, from, to), &[wire])
}
