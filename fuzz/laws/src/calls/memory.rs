//! What stands in a guest's memory before its first call: names, tensors, and lists, some of them wrong.

/// Names of models, 8 bytes each, and behind them a list of parts of a model.
pub(super) const NAMES: u32 = 0x100;
/// Heads of tensors, as modules give them.
pub(super) const HEADS: u32 = 0x200;
/// Bytes of a head.
pub(super) const HEAD: u32 = 20;
/// Dims, and 1.0.
pub(super) const POOL: u32 = 0x600;
/// Elements.
const DATA: u32 = 0x640;
/// Named tensors, as components give them.
pub(super) const LIST: u32 = 0x700;
/// What the last call has returned.
pub(super) const LAST: u32 = 0xff4;
/// Room for results.
pub(super) const SCRATCH: u32 = 0x1000;
/// Bytes of a place in it.
pub(super) const SLOT: u32 = 0x40;

/// Models, each by a name of at most 8 bytes.
const MODELS: [&str; 15] = [
    "add", "say", "first", "large", "fail", "u8", "bool", "pair", "f32", "f16", "i64", "f64", "bf16", "string", "none",
];

const WORDS: [u32; 11] = [1, 2, 3, 0x8000_0000, 0x8000_0000, 4, 4, 2, 0, 5, 0x3f80_0000];

/// The argument that is the address of a model's name.
pub(super) fn name(wanted: &str) -> u8 {
    let index = MODELS.iter().position(|name| *name == wanted).expect("a model that there is");
    96 + 2 * u8::try_from(index).expect("few models")
}

/// All of it, as data segments of WebAssembly text.
pub(super) fn segments() -> String {
    let mut segments = String::new();
    let mut put = |at: u32, bytes: &[u8]| {
        let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        segments += &format!("(data (i32.const {at}) \"{bytes}\")\n");
    };
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    for (at, name) in (NAMES..).step_by(8).zip(MODELS) {
        put(at, name.as_bytes());
    }
    put(NAMES + 0x80, &words(&[NAMES + 0x90, 7]));
    put(NAMES + 0x90, b"a model");
    // Dims, rank, type, data, length.
    let heads = [
        [POOL, 1, 1, POOL + 40, 4],
        [POOL + 24, 1, 3, SCRATCH + 2 * SLOT, 4],
        [POOL + 4, 2, 1, DATA, 24],
        [POOL + 24, 1, 3, DATA, 4],
        [POOL, 0, 1, DATA, 4],
        [POOL + 28, 1, 3, DATA + 2, 2],
        [POOL + 28, 1, 3, DATA + 8, 2],
        [POOL + 12, 3, 1, DATA, 0],
        [POOL + 4, 1, 0, DATA, 4],
        [POOL + 32, 2, 5, DATA, 0],
        [POOL, 33, 3, DATA, 1],
        [POOL + 4, 1, 2, DATA, 16],
        [POOL, 1, 4, DATA, 3],
        [POOL, 1, 9, DATA, 4],
    ];
    put(HEADS, &words(heads.as_flattened()));
    put(POOL, &words(&WORDS));
    put(DATA, &[0, 0, 0, 1, 1, 0, 0, 0, 7, 9, 0x80, 0x7f, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8]);
    put(LIST + 0x40, b"abxtext");
    let names = LIST + 0x40;
    put(LIST, &words(&[names, 1, 0, names + 1, 1, 0, names + 2, 1, 0, names + 3, 4, 0]));
    segments
}
