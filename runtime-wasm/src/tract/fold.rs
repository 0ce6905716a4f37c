use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::TypedModelPatch;
use tract_onnx::tract_core::ops::konst::Const;

/// Replaces what follows from constants alone by what it is, however large. tract itself stops at 4 MiB, and computes what is
/// larger again in every run.
pub(super) fn fold_constants(model: &mut TypedModel) -> TractResult<()> {
    for id in model.eval_order()? {
        let node = model.node(id);
        if node.inputs.is_empty() || node.op_is::<Const>() {
            continue;
        }
        let constants: Option<TVec<TValue>> = model
            .node_input_facts(id)?
            .iter()
            .map(|fact| fact.konst.clone().map(IntoTValue::into_tvalue))
            .collect();
        let Some(constants) = constants else { continue };
        // What has a state, or needs lengths that are not known, stays.
        let Ok(Some(results)) = node.op.eval_out_of_plan(constants) else { continue };
        let mut patch = TypedModelPatch::default();
        let mut fits = true;
        for (slot, result) in results.into_iter().enumerate() {
            let name = format!("{}.folded.{slot}", node.name);
            let constant = patch.add_const(name, result.into_arc_tensor())?;
            fits &= patch.shunt_outside(model, OutletId::new(id, slot), constant).is_ok();
        }
        if fits {
            patch.apply(model)?;
        }
    }
    Ok(())
}
