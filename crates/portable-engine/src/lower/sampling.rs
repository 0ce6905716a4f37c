//! What reads a tensor where indices or positions say, and means of windows.

use anyhow::{Context, Result, bail, ensure};

use super::call::{Call, axis};
use super::conv::{direct_only, places, sizes};
use super::layout::picture;
use super::lowering::Lowering;
use super::values::Value;
use crate::compute::{AveragePool, Element, Gather, GridSample, Interpolation, Padding, View};

/// `data [..,length,..]`, indices of any rank → the indices' axes in place of one of the data's.
pub(super) fn gather<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let (data, indices) = (call.input(0)?, call.input(1)?);
    ensure!(graph.element(indices)? == Element::Integer, "its indices are floats");
    let x = graph.tensor(data)?;
    let mut shape = x.shape();
    let axis = axis(call.integer("axis").unwrap_or(0), shape.len())?;
    let length = shape[axis];
    let known = match graph.value(indices)? {
        Value::Integers(tensor) => Some(tensor),
        _ => None,
    };
    if let Some(known) = &known {
        let place = |index: i64| {
            let from_start = if index < 0 { index + length as i64 } else { index };
            let place = usize::try_from(from_start).ok().filter(|place| *place < length);
            place.with_context(|| format!("index {index} of {length}"))
        };
        let places: Vec<usize> =
            known.numbers.iter().map(|index| place(*index)).collect::<Result<_>>()?;
        if let ([place], []) = (&places[..], &known.shape[..]) {
            return Ok(x.narrowed(axis, *place, 1).without(axis));
        }
    }
    let x = graph.contiguous(&x)?;
    let indices = graph.tensor(indices)?;
    let indices = graph.contiguous(&indices)?;
    let rest = shape.split_off(axis + 1);
    shape.pop();
    shape.extend(indices.shape().iter().chain(&rest));
    let items: usize = x.axes[..axis].iter().map(|axis| axis.length).product();
    let gather = Gather { rows: length, length: rest.iter().product() };
    let result = graph.add_layout(gather.clone(), &[x.slot, indices.slot], shape)?;
    if items == 1 {
        graph.gathered.insert(result.slot, (gather, [x.slot, indices.slot]));
    }
    Ok(result)
}

/// x `[n,c,H,W]`, grid `[n,h,w,2]` → `[n,c,h,w]`
pub(super) fn grid_sample<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let (x, grid) = (graph.view(call.input(0)?)?, graph.view(call.input(1)?)?);
    let ([n, c, height, width], [m, rows, columns, two]) = (picture(&x)?, picture(&grid)?);
    ensure!(two == 2, "a grid of shape {:?}", grid.shape());
    ensure!(n == m, "{n} pictures and {m} grids");
    // Pixels are counted in 32 bits, and exactly as floats along an axis.
    ensure!(height.max(width) <= 1 << 23, "a picture of {height}x{width}");
    let interpolation = match call.text("mode").unwrap_or(b"bilinear") {
        b"bilinear" | b"linear" => Interpolation::Bilinear,
        b"nearest" => Interpolation::Nearest,
        other => bail!("its mode is `{}`", other.escape_ascii()),
    };
    let padding = match call.text("padding_mode").unwrap_or(b"zeros") {
        b"zeros" => Padding::Zeros,
        b"border" => Padding::Border,
        b"reflection" => Padding::Reflection,
        other => bail!("its padding mode is `{}`", other.escape_ascii()),
    };
    // Pictures whose channels stand together are read row by row.
    let last = x.permuted(&[0, 2, 3, 1]);
    let channels_last = c > 1 && x.axes[1].stride == 1;
    let x = if channels_last { last } else { x };
    let one = |view: View| {
        let same = n > 1 && view.axes[0].stride == 0;
        if same { view.narrowed(0, 0, 1) } else { view }
    };
    let (x, grid) = (graph.contiguous(&one(x))?, graph.contiguous(&one(grid))?);
    let sample = GridSample {
        size: [height, width],
        channels: c,
        points: rows * columns,
        channels_last,
        interpolation,
        padding,
        align_corners: call.integer("align_corners").unwrap_or(0) != 0,
    };
    if channels_last {
        let y = graph.add_one(sample, &[x.slot, grid.slot], vec![n, rows, columns, c])?;
        return Ok(y.permuted(&[0, 3, 1, 2]));
    }
    graph.add_one(sample, &[x.slot, grid.slot], vec![n, c, rows, columns])
}

/// x `[n,c,H,W]` → `[n,c,h,w]`
pub(super) fn average_pool<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.view(call.input(0)?)?;
    let x = graph.contiguous(&x)?;
    let [n, c, height, width] = picture(&x)?;
    let kernel = call.lengths("kernel_shape")?.context("it has no kernel_shape")?;
    let [rows, columns] = kernel[..] else { bail!("windows of {kernel:?}") };
    direct_only(call)?;
    let (stride, pads) = sizes(call)?;
    ensure!(call.integer("ceil_mode").unwrap_or(0) == 0, "its sizes are rounded up");
    let [top, left, bottom, right] = pads;
    ensure!(
        top.max(bottom) < rows && left.max(right) < columns,
        "windows of {kernel:?} lie in paddings of {pads:?}"
    );
    let output = places([height, width], [rows, columns], stride, pads)?;
    let pool = AveragePool {
        input: [height, width],
        kernel: [rows, columns],
        stride,
        padding: [top, left],
        padding_end: [bottom, right],
        output,
        count_padding: call.integer("count_include_pad").unwrap_or(0) != 0,
    };
    graph.add_one(pool, &[x.slot], vec![n, c, output[0], output[1]])
}
