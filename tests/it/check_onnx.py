"""Checks the graphs of a package with PyPI's onnx and prints what they hold as JSON. Argument: the package's folder."""

import json
import pathlib
import sys

import onnx


def dims(value):
    return [getattr(dim, dim.WhichOneof("value") or "", None) for dim in value.type.tensor_type.shape.dim]


def facts(path):
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path), load_external_data=False)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    known = {value.name: dims(value) for value in [*inferred.graph.value_info, *inferred.graph.output]}
    written = {value.name: dims(value) for value in [*model.graph.value_info, *model.graph.output]}
    outputs = [name for node in model.graph.node for name in node.output]
    # What the exporter wrote about shapes is taken away, so that inference has to find all of it by itself.
    del model.graph.value_info[:]
    alone = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    found = {value.name: dims(value) for value in [*alone.graph.value_info, *alone.graph.output]}
    return {
        "file": path.name,
        "ir_version": model.ir_version,
        "opset": max(entry.version for entry in model.opset_import),
        "domains": [entry.domain for entry in model.opset_import],
        "inputs": {value.name: dims(value) for value in model.graph.input},
        "outputs": {value.name: dims(value) for value in model.graph.output},
        "initializers": {tensor.name: list(tensor.dims) for tensor in model.graph.initializer},
        "nodes": [[node.name, node.op_type] for node in model.graph.node],
        "documented": bool(model.doc_string and model.graph.doc_string),
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
        "without_shape": [name for name in outputs if name not in known or None in known[name]],
        "contradicted": [
            f"{name}: written {shape}, inferred {found[name]}"
            for name, shape in written.items()
            if name in found and not agree(shape, found[name])
        ],
    }


def agree(written, inferred):
    """Axes of a known length must be equal; what inference names by itself says nothing."""
    both_known = [(w, i) for w, i in zip(written, inferred) if isinstance(w, int) and isinstance(i, int)]
    return len(written) == len(inferred) and all(w == i for w, i in both_known)


print(json.dumps([facts(path) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))]))
