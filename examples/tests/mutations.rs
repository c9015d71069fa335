//! Reading never panics: models with bytes changed, cut out or doubled are either read or refused.

use blink_compiler::onnx::Source;
use blink_examples::Random;
use blink_examples::matrix::cases;
use prost::Message;

const ROUNDS: usize = 100;

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..1 + random.bits() % 4 {
        let at = (random.bits() % bytes.len() as u64) as usize;
        match random.bits() % 4 {
            0 => bytes[at] ^= 1 << (random.bits() % 8),
            1 => bytes[at] = random.bits() as u8,
            2 => _ = bytes.drain(at..(at + 3).min(bytes.len() - 1).max(at)),
            _ => bytes.extend_from_within(at..),
        }
    }
}

#[test]
fn mutated_models_are_read_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random::new(9);
    let (mut read, mut refused) = (0, 0);
    for case in cases() {
        let encoded = case.model.encode_to_vec();
        for _ in 0..ROUNDS {
            let mut bytes = encoded.clone();
            mutate(&mut bytes, &mut random);
            // A new name each time: file systems flush a file that is cut to nothing and rewritten.
            let path = directory.path().join(format!("{}.onnx", read + refused));
            std::fs::write(&path, &bytes).unwrap();
            match Source::open(&path) {
                Ok(source) => {
                    let _ = (source.inputs(), source.outputs(), source.census(), source.model_hash());
                    read += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused: mutations too weak or too strong");
}
