//! Constants of an optimised graph, computed once.

use tract_onnx::tract_hir::internal::{
    IntoArcTensor, IntoTValue, OutletId, TValue, TVec, TractResult, TypedModel, TypedOp,
};
use tract_onnx::tract_hir::tract_core::ops::konst::Const;

/// Computes whatever depends on constants alone, such as weights in the order in which kernels read them.
///
/// tract's optimiser leaves out what is over 4 MiB or has several users; but then it is computed anew in every call,
/// and once for every step that shares a weight. What is computed from the same constant in the same way is shared.
pub(crate) fn fold(model: &mut TypedModel) -> TractResult<()> {
    let mut folded: Vec<Folded> = Vec::new();
    for id in model.eval_order()? {
        let node = model.node(id);
        if node.inputs.is_empty() {
            continue;
        }
        let constants: Option<TVec<TValue>> = model
            .node_input_facts(id)?
            .iter()
            .map(|fact| fact.konst.clone().map(IntoTValue::into_tvalue))
            .collect();
        let Some(constants) = constants else { continue };
        let (operator, inputs) = (node.op.clone(), node.inputs.clone());
        let known = folded.iter().find(|(other, from, _)| *from == inputs && *other == operator);
        let results = if let Some((_, _, results)) = known {
            results.clone()
        } else {
            let Some(values) = operator.eval_out_of_plan(constants)? else { continue };
            let results = add_constants(model, id, values)?;
            folded.push((operator, inputs, results.clone()));
            results
        };
        for (slot, result) in results.into_iter().enumerate() {
            redirect(model, OutletId::new(id, slot), result)?;
        }
    }
    model.compact()
}

/// An operator, what it read, and the constants that it gave.
type Folded = (Box<dyn TypedOp>, Vec<OutletId>, TVec<OutletId>);

fn add_constants(
    model: &mut TypedModel,
    id: usize,
    values: TVec<TValue>,
) -> TractResult<TVec<OutletId>> {
    let name = model.node(id).name.clone();
    values
        .into_iter()
        .enumerate()
        .map(|(slot, value)| {
            let exotic = model.outlet_fact(OutletId::new(id, slot))?.exotic_fact.clone();
            let constant = Const::new_with_opt_exotic_fact(value.into_arc_tensor(), exotic)?;
            let facts = constant.output_facts(&[])?;
            let id = model.add_node(format!("{name}.folded.{slot}"), constant, facts)?;
            Ok(id.into())
        })
        .collect()
}

/// Lets every user of an outlet use another.
fn redirect(model: &mut TypedModel, from: OutletId, to: OutletId) -> TractResult<()> {
    for user in model.outlet_successors(from).to_vec() {
        model.add_edge(to, user)?;
    }
    for output in &mut model.outputs {
        if *output == from {
            *output = to;
        }
    }
    Ok(())
}
