//! The tables of ONNX Runtime's model format, version 6, as data: what each vtable slot holds.
//!
//! A slot's position here is its number in the file, so rows are only ever added at the end. Slots that ONNX
//! Runtime retired are [`Field::Retired`]: a file that sets one is refused, never half read.

/// What a slot of a table holds.
pub(super) enum Field {
    /// A number of this many bytes (1, 4 or 8), aligned to its size.
    Scalar(usize),
    String,
    /// A vector of numbers or of structs of numbers, each of `size` bytes.
    Scalars {
        size: usize,
        align: usize,
    },
    Strings,
    /// The elements of a tensor, a vector of bytes: what may move to the weights region.
    Data,
    Table(&'static TableSchema),
    Tables(&'static TableSchema),
    /// A table whose kind is `members[tag - 1]`, the tag being the byte in slot `tag`.
    Union {
        tag: usize,
        members: &'static [&'static TableSchema],
    },
    Retired,
}

impl Field {
    /// Bytes the slot takes inside its table; everything that is not a number is a 4-byte offset.
    pub(super) fn inline_size(&self) -> usize {
        match self {
            Field::Scalar(size) => *size,
            _ => 4,
        }
    }
}

/// One kind of table.
pub(super) struct TableSchema {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

const fn table(name: &'static str, fields: &'static [Field]) -> TableSchema {
    TableSchema { name, fields }
}

const BYTE: Field = Field::Scalar(1);
const WORD: Field = Field::Scalar(4);
const LONG: Field = Field::Scalar(8);
const WORDS: Field = Field::Scalars { size: 4, align: 4 };
const LONGS: Field = Field::Scalars { size: 8, align: 8 };
const EDGES: Field = Field::Scalars { size: 12, align: 4 };

pub(super) static SESSION: TableSchema =
    table("InferenceSession", &[Field::String, Field::Table(&MODEL), Field::Retired, Field::Table(&RESOLVER)]);

pub(super) static MODEL: TableSchema = table(
    "Model",
    &[
        LONG,
        Field::Tables(&OPSET),
        Field::String,
        Field::String,
        Field::String,
        LONG,
        Field::String,
        Field::Table(&GRAPH),
        Field::String,
        Field::Tables(&PROPERTY),
    ],
);

pub(super) static GRAPH: TableSchema = table(
    "Graph",
    &[
        Field::Tables(&TENSOR),
        Field::Tables(&VALUE_INFO),
        Field::Tables(&NODE),
        WORD,
        Field::Tables(&NODE_EDGE),
        Field::Strings,
        Field::Strings,
        Field::Tables(&SPARSE_TENSOR),
        Field::Table(&RUNTIME_OPTIMIZATIONS),
    ],
);

pub(super) static NODE: TableSchema = table(
    "Node",
    &[
        Field::String,
        Field::String,
        Field::String,
        WORD,
        WORD,
        Field::String,
        WORD,
        Field::String,
        Field::Strings,
        Field::Strings,
        Field::Tables(&ATTRIBUTE),
        WORDS,
        Field::Strings,
    ],
);

pub(super) static ATTRIBUTE: TableSchema = table(
    "Attribute",
    &[
        Field::String,
        Field::String,
        WORD,
        WORD,
        LONG,
        Field::String,
        Field::Table(&TENSOR),
        Field::Table(&GRAPH),
        WORDS,
        LONGS,
        Field::Strings,
        Field::Tables(&TENSOR),
        Field::Tables(&GRAPH),
    ],
);

pub(super) static TENSOR: TableSchema =
    table("Tensor", &[Field::String, Field::String, LONGS, WORD, Field::Data, Field::Strings, LONG]);

pub(super) static SPARSE_TENSOR: TableSchema =
    table("SparseTensor", &[Field::Table(&TENSOR), Field::Table(&TENSOR), LONGS]);

pub(super) static NODE_EDGE: TableSchema = table("NodeEdge", &[WORD, EDGES, EDGES]);

pub(super) static VALUE_INFO: TableSchema =
    table("ValueInfo", &[Field::String, Field::String, Field::Table(&TYPE_INFO)]);

pub(super) static TYPE_INFO: TableSchema = table(
    "TypeInfo",
    &[Field::String, BYTE, Field::Union { tag: 1, members: &[&TENSOR_TYPE, &SEQUENCE_TYPE, &MAP_TYPE] }],
);

pub(super) static TENSOR_TYPE: TableSchema = table("TensorTypeAndShape", &[WORD, Field::Table(&SHAPE)]);

pub(super) static SEQUENCE_TYPE: TableSchema = table("SequenceType", &[Field::Table(&TYPE_INFO)]);

pub(super) static MAP_TYPE: TableSchema = table("MapType", &[WORD, Field::Table(&TYPE_INFO)]);

pub(super) static SHAPE: TableSchema = table("Shape", &[Field::Tables(&DIMENSION)]);

pub(super) static DIMENSION: TableSchema = table("Dimension", &[Field::Table(&DIMENSION_VALUE), Field::String]);

pub(super) static DIMENSION_VALUE: TableSchema = table("DimensionValue", &[BYTE, LONG, Field::String]);

pub(super) static OPSET: TableSchema = table("OperatorSetId", &[Field::String, LONG]);

pub(super) static PROPERTY: TableSchema = table("StringStringEntry", &[Field::String, Field::String]);

pub(super) static RUNTIME_OPTIMIZATIONS: TableSchema =
    table("RuntimeOptimizations", &[Field::Tables(&OPTIMIZER_RECORDS)]);

pub(super) static OPTIMIZER_RECORDS: TableSchema =
    table("RuntimeOptimizationRecordContainerEntry", &[Field::String, Field::Tables(&OPTIMIZATION)]);

pub(super) static OPTIMIZATION: TableSchema = table(
    "RuntimeOptimizationRecord",
    &[Field::String, Field::Table(&NODES_TO_OPTIMIZE), Field::Retired, Field::Strings],
);

pub(super) static NODES_TO_OPTIMIZE: TableSchema =
    table("NodesToOptimizeIndices", &[WORDS, WORD, WORD, BYTE, BYTE, WORD, WORD]);

pub(super) static RESOLVER: TableSchema = table("KernelTypeStrResolver", &[Field::Tables(&OPERATOR_ARGS)]);

pub(super) static OPERATOR_ARGS: TableSchema =
    table("OpIdKernelTypeStrArgsEntry", &[Field::String, Field::Tables(&TYPE_ARGS)]);

pub(super) static TYPE_ARGS: TableSchema = table("KernelTypeStrArgsEntry", &[Field::String, Field::Tables(&ARG)]);

pub(super) static ARG: TableSchema = table("ArgTypeAndIndex", &[BYTE, WORD]);

/// Slots of [`SESSION`].
pub(super) mod session {
    pub(crate) const VERSION: usize = 0;
    pub(crate) const MODEL: usize = 1;
}

/// Slots of [`MODEL`].
pub(super) mod model {
    pub(crate) const OPSETS: usize = 1;
    pub(crate) const GRAPH: usize = 7;
    pub(crate) const PROPERTIES: usize = 9;
}

/// Slots of [`GRAPH`].
pub(super) mod graph {
    pub(crate) const INITIALIZERS: usize = 0;
    pub(crate) const VALUES: usize = 1;
    pub(crate) const NODES: usize = 2;
    /// One past the largest index of a node.
    pub(crate) const MAX_NODE_INDEX: usize = 3;
    pub(crate) const NODE_EDGES: usize = 4;
    pub(crate) const OUTPUTS: usize = 6;
    pub(crate) const SPARSE_INITIALIZERS: usize = 7;
    pub(crate) const RUNTIME_OPTIMIZATIONS: usize = 8;
}

/// Slots of [`NODE_EDGE`].
pub(super) mod node_edge {
    pub(crate) const NODE: usize = 0;
    pub(crate) const INPUTS: usize = 1;
    pub(crate) const OUTPUTS: usize = 2;
}

/// Slots of [`RUNTIME_OPTIMIZATIONS`].
pub(super) mod runtime_optimizations {
    pub(crate) const RECORDS: usize = 0;
}

/// Slots of [`TENSOR_TYPE`].
pub(super) mod tensor_type {
    pub(crate) const SHAPE: usize = 1;
}

/// Slots of [`SHAPE`].
pub(super) mod shape {
    pub(crate) const DIMS: usize = 0;
}

/// Slots of [`DIMENSION`].
pub(super) mod dimension {
    pub(crate) const VALUE: usize = 0;
}

/// Slots of [`DIMENSION_VALUE`].
pub(super) mod dimension_value {
    pub(crate) const KIND: usize = 0;
}

/// Slots of [`NODE`].
pub(super) mod node {
    pub(crate) const NAME: usize = 0;
    pub(crate) const DOMAIN: usize = 2;
    pub(crate) const INDEX: usize = 4;
    pub(crate) const OPERATOR: usize = 5;
    pub(crate) const PROVIDER: usize = 7;
    pub(crate) const INPUTS: usize = 8;
    pub(crate) const OUTPUTS: usize = 9;
    pub(crate) const ATTRIBUTES: usize = 10;
    pub(crate) const IMPLICIT_INPUTS: usize = 12;
}

/// Slots of [`ATTRIBUTE`].
pub(super) mod attribute {
    pub(crate) const TENSOR: usize = 6;
    pub(crate) const GRAPH: usize = 7;
    pub(crate) const TENSORS: usize = 11;
    pub(crate) const GRAPHS: usize = 12;
}

/// Slots of [`TENSOR`].
pub(super) mod tensor {
    pub(crate) const NAME: usize = 0;
    pub(crate) const DIMS: usize = 2;
    pub(crate) const DTYPE: usize = 3;
    pub(crate) const DATA: usize = 4;
    pub(crate) const EXTERNAL_OFFSET: usize = 6;
}

/// Slots of [`SPARSE_TENSOR`].
pub(super) mod sparse_tensor {
    pub(crate) const VALUES: usize = 0;
}
