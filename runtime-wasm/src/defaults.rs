use tract_onnx::pb::{
    AttributeProto, ModelProto, TensorProto, attribute_proto::AttributeType, tensor_proto::DataType,
};

/// Says what the ONNX standard lets a graph leave unsaid and tract 0.23.9 takes for something else: a
/// `ConstantOfShape` without a value is zero in single precision, in tract in double.
pub(crate) fn spell_out_defaults(proto: &mut ModelProto) {
    let nodes = proto.graph.iter_mut().flat_map(|graph| &mut graph.node);
    for node in nodes.filter(|node| node.op_type == "ConstantOfShape" && node.attribute.is_empty())
    {
        let zero = TensorProto {
            dims: vec![1],
            data_type: DataType::Float as i32,
            float_data: vec![0.0],
            ..TensorProto::default()
        };
        node.attribute.push(AttributeProto {
            name: "value".into(),
            r#type: AttributeType::Tensor as i32,
            t: Some(zero),
            ..AttributeProto::default()
        });
    }
}
