//! Products of matrices.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::arithmetic::broadcast;
use super::budget::Budget;
use super::call::Call;
use super::lowering::Lowering;
use crate::compute::{
    BatchedMatmul, Gather, GatherSum, LeftGemm, OutputTransform, Pack, PackedGemm, SparseLeftGemm,
    View, WinogradGemm,
};
use crate::kernels::{COLUMNS, KroneckerSquare, Left, Matrices, ROWS, Sparse};

/// Constant matrices in the order in which products read them, each once however often it is used.
#[derive(Debug, Default)]
pub(crate) struct Packs {
    left: Vec<(Key, Arc<Left>)>,
    right: Vec<(Key, Arc<Matrices>)>,
    mixes: Vec<(Key, Arc<Option<Arc<KroneckerSquare>>>)>,
    sparse: Vec<(Key, Arc<Option<Arc<Sparse>>>)>,
}

/// Of what constant, and how its lines stand in it. It keeps the constant, so that no other can take its place.
#[derive(Debug)]
struct Key {
    constant: Arc<Vec<f32>>,
    lines: Lines,
}

/// Where the lines of matrices stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) count: usize,
    pub(super) length: usize,
    /// From one line to the next, and from one number of a line to the next.
    pub(super) strides: (usize, usize),
    /// How many matrices one behind the other.
    pub(super) matrices: usize,
}

impl Packs {
    /// Matrices that stand at the left of gemm; their lines are rows.
    pub(super) fn left(
        &mut self,
        budget: &mut Budget,
        constant: &Arc<Vec<f32>>,
        lines: Lines,
    ) -> Result<Arc<Left>> {
        let packed = lines.count.next_multiple_of(ROWS).saturating_mul(lines.length);
        let pack =
            |numbers: &[f32]| Left::pack(numbers, (lines.count, lines.length), lines.strides);
        find(&mut self.left, constant, lines, || budget.take(packed), pack)
    }

    /// Matrices that stand at the right of gemm; their lines are columns.
    pub(super) fn right(
        &mut self,
        budget: &mut Budget,
        constant: &Arc<Vec<f32>>,
        lines: Lines,
    ) -> Result<Arc<Matrices>> {
        let packed = lines.count.next_multiple_of(COLUMNS).saturating_mul(lines.length);
        let packed = packed.saturating_mul(2 * lines.matrices);
        let pack = |numbers: &[f32]| {
            Matrices::pack(numbers, lines.matrices, (lines.count, lines.length), lines.strides)
        };
        find(&mut self.right, constant, lines, || budget.take(packed), pack)
    }

    /// M, if the matrix is M⊗M.
    fn root(
        &mut self,
        constant: &Arc<Vec<f32>>,
        lines: Lines,
    ) -> Result<Option<Arc<KroneckerSquare>>> {
        let root = |numbers: &[f32]| {
            KroneckerSquare::root(numbers, lines.count, lines.length).map(Arc::new)
        };
        Ok(Option::clone(&*find(&mut self.mixes, constant, lines, || Ok(()), root)?))
    }

    /// The matrix, if it has many zeros.
    fn sparse(
        &mut self,
        budget: &mut Budget,
        constant: &Arc<Vec<f32>>,
        lines: Lines,
    ) -> Result<Option<Arc<Sparse>>> {
        // An index beside each number that is not zero, and a list for each row.
        let packed = lines.count.saturating_add(constant.len()).saturating_mul(SPARSE);
        let pack = |numbers: &[f32]| Sparse::if_it_pays(numbers, lines.length).map(Arc::new);
        Ok(Option::clone(&*find(&mut self.sparse, constant, lines, || budget.take(packed), pack)?))
    }
}

/// Numbers of single precision in the memory of a list, or of a number with its index.
const SPARSE: usize = 6;

fn find<T>(
    known: &mut Vec<(Key, Arc<T>)>,
    constant: &Arc<Vec<f32>>,
    lines: Lines,
    make_room: impl FnOnce() -> Result<()>,
    pack: impl FnOnce(&[f32]) -> T,
) -> Result<Arc<T>> {
    let same = |key: &Key| Arc::ptr_eq(&key.constant, constant) && key.lines == lines;
    if let Some((_, packed)) = known.iter().find(|(key, _)| same(key)) {
        return Ok(Arc::clone(packed));
    }
    let wanted = lines.matrices * lines.count * lines.length;
    ensure!(wanted == constant.len(), "{} numbers for {lines:?}", constant.len());
    make_room()?;
    let packed = Arc::new(pack(constant));
    known.push((Key { constant: Arc::clone(constant), lines }, Arc::clone(&packed)));
    Ok(packed)
}

/// `[..,m,k]`, `[..,k,n]` → `[..,m,n]`; a vector is a matrix of one row at the left, of one column at the right.
pub(super) fn matmul<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let (left, right) = (graph.view(call.input(0)?)?, graph.view(call.input(1)?)?);
    ensure!(!left.axes.is_empty() && !right.axes.is_empty(), "it multiplies single numbers");
    let (row, column) = (left.axes.len() == 1, right.axes.len() == 1);
    let left = if row { left.with(0) } else { left };
    let right = if column { right.with(1) } else { right };
    let mut product = matrices(graph, &left, &right)?;
    if column {
        product = product.without(product.axes.len() - 1);
    }
    if row {
        let axis = product.axes.len() - if column { 1 } else { 2 };
        product = product.without(axis);
    }
    Ok(product)
}

/// The same of matrices: with a constant one at one side, or of matrices side by side.
fn matrices(graph: &mut Lowering<'_>, left: &View, right: &View) -> Result<View> {
    let (outer, inner) = (left.shape(), right.shape());
    let (k, found) = (outer[outer.len() - 1], inner[inner.len() - 2]);
    ensure!(k == found, "its inner axes have lengths {k} and {found}");
    if outer.len() == 2 && graph.constant(left.slot).is_some() {
        return combine(graph, left, right);
    }
    let columns = inner[inner.len() - 1];
    if inner.len() == 2 && graph.constant(right.slot).is_some() {
        let matrix = graph.constant_numbers(right)?;
        let lines = Lines { count: columns, length: k, strides: (1, columns), matrices: 1 };
        let matrices = graph.packs.right(graph.budget, &matrix, lines)?;
        return dense(graph, left, matrices);
    }
    let (rank, outermost) = (outer.len(), inner.len() - 2);
    if inner[..outermost].iter().product::<usize>() == 1 && rank >= inner.len() {
        // One matrix for all rows.
        let rows = outer[..rank - 1].iter().product();
        let product = BatchedMatmul { rows, depth: k, columns };
        let inputs = [graph.contiguous(left)?.slot, graph.contiguous(right)?.slot];
        return graph.add_one(product, &inputs, [&outer[..rank - 1], &[columns]].concat());
    }
    let shape = broadcast(&[outer[..rank - 2].to_vec(), inner[..outermost].to_vec()])?;
    let whole = |view: &View, sides: &[usize]| {
        let shape = [&shape[..], sides].concat();
        view.broadcast(&shape).context("outer axes were joined")
    };
    let (left, right) = (whole(left, &outer[rank - 2..])?, whole(right, &inner[outermost..])?);
    let rows = outer[rank - 2];
    let result = [&shape[..], &[rows, columns]].concat();
    let left = graph.contiguous(&left)?;
    if let (1, Some((gather, [data, indices]))) = (rows, gathered(graph, &right, columns)) {
        let sum = GatherSum { gather, terms: k };
        return graph.add_one(sum, &[left.slot, data, indices], result);
    }
    let right = graph.contiguous(&right)?;
    graph.add_one(BatchedMatmul { rows, depth: k, columns }, &[left.slot, right.slot], result)
}

/// How the numbers of a view came about, if they are whole rows of a tensor, each a row of a matrix.
fn gathered(graph: &Lowering<'_>, view: &View, columns: usize) -> Option<(Gather, [usize; 2])> {
    let (gather, inputs) = graph.gathered.get(&view.slot)?;
    let all = view.is_dense() && view.offset == 0 && graph.length(view.slot) == view.len();
    (all && gather.length == columns).then(|| (gather.clone(), *inputs))
}

/// `[m,k]` constant, `[..,k,n]` → `[..,m,n]`
fn combine(graph: &mut Lowering<'_>, left: &View, right: &View) -> Result<View> {
    let (rows, depth) = (left.axes[0].length, left.axes[1].length);
    let numbers = graph.constant_numbers(left)?;
    let lines = Lines { count: rows, length: depth, strides: (depth, 1), matrices: 1 };
    let mix = graph.packs.root(&numbers, lines)?;
    let mut shape = right.shape();
    let rank = shape.len();
    let columns = shape[rank - 1];
    shape[rank - 2] = rows;
    let Some(mix) = mix else {
        let right = graph.contiguous(right)?;
        if let Some(matrix) = graph.packs.sparse(graph.budget, &numbers, lines)? {
            return graph.add_one(SparseLeftGemm { matrix, columns }, &[right.slot], shape);
        }
        let matrix = graph.packs.left(graph.budget, &numbers, lines)?;
        return graph.add_one(LeftGemm { matrix, columns }, &[right.slot], shape);
    };
    if let Some((dense, input)) = graph.parts_of(right) {
        return graph.add_one(WinogradGemm { dense, mix }, &[input], shape);
    }
    let right = graph.contiguous(right)?;
    graph.add_one(OutputTransform { mix, columns }, &[right.slot], shape)
}

/// `[..,G·k]` times G constant matrices `[k,n]` → `[..,G·n]`
pub(super) fn dense(graph: &mut Lowering<'_>, x: &View, matrices: Arc<Matrices>) -> Result<View> {
    let rows_of = |x: &View| {
        let (last, outer) = x.axes.split_last()?;
        (last.stride == 1 || last.length == 1).then(|| View::collapsed(outer)).flatten()
    };
    let (x, rows) = if let Some(rows) = rows_of(x) {
        (x.clone(), rows)
    } else {
        let x = graph.contiguous(x)?;
        let rows = rows_of(&x).context("its rows are apart")?;
        (x, rows)
    };
    let mut shape = x.shape();
    let columns = matrices.count() * matrices.columns();
    *shape.last_mut().context("it has no axes")? = columns;
    let (parts, depth) = (matrices.count(), matrices.depth());
    let packed = graph.packed(x.slot, Pack { offset: x.offset, rows, parts, depth })?;
    let dense = PackedGemm { rows: rows.length, matrices };
    let y = graph.add_one(dense.clone(), &[packed], shape)?;
    graph.parts.insert(y.slot, (dense, packed));
    Ok(y)
}
