//! Constants computed at load time, however large.

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

#[cfg(test)]
mod tests {
    use tract_onnx::tract_core::ops::math;

    use super::*;

    /// More numbers than the 4 MiB up to which tract folds by itself.
    const LARGE: usize = (4 << 20) / 4 + 1;

    #[test]
    fn large_constants_are_computed_once_and_what_has_an_input_stays() -> TractResult<()> {
        let mut model = TypedModel::default();
        let input = model.add_source("x", f32::fact([LARGE]))?;
        let two = Tensor::from_shape(&[LARGE], &vec![2_f32; LARGE])?;
        let two = model.add_const("two", two)?;
        let four = model.wire_node("four", math::add(), &[two, two])?[0];
        let sum = model.wire_node("sum", math::add(), &[input, four])?[0];
        model.select_output_outlets(&[sum])?;
        let mut model = model.into_decluttered()?;
        let computed = |model: &TypedModel| {
            let ops = model.eval_order()?.into_iter().map(|id| model.node(id));
            let computed = ops.filter(|node| !node.inputs.is_empty());
            TractResult::Ok(computed.map(|node| node.name.clone()).collect::<Vec<_>>())
        };
        assert_ne!(computed(&model)?, ["sum"], "tract folds as much by itself: is ours needed?");
        fold_constants(&mut model)?;
        model.compact()?;
        assert_eq!(computed(&model)?, ["sum"]);
        let ones = Tensor::from_shape(&[LARGE], &vec![1_f32; LARGE])?;
        let found = model.into_optimized()?.into_runnable()?.run(tvec![ones.into_tvalue()])?;
        let found = found[0].to_plain_array_view::<f32>()?;
        assert!(found.iter().all(|value| (value - 5.0).abs() < 1e-6));
        Ok(())
    }
}
