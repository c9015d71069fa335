//! One vector for a text: the mean of the vectors of its tokens, of length one. Padding has no part in it.

use guest_nn::{Context, DType, Error, Input, Model, Output, bytes_of_i64, f32s};

use crate::tokens::tokens;

/// Gives vectors.
#[derive(Debug)]
pub(crate) struct Encoder<'model> {
    context: Context<'model>,
    length: usize,
}

impl<'model> Encoder<'model> {
    pub(crate) fn new(model: &'model Model, length: usize) -> Result<Encoder<'model>, Error> {
        Ok(Encoder { context: model.context()?, length })
    }

    /// The vector of a text. Tokens past the length are left out.
    pub(crate) fn vector(&mut self, text: &str) -> Result<Vec<f32>, String> {
        let mut ids = tokens(text, self.length);
        let used = ids.len();
        ids.resize(self.length, 0);
        let mask: Vec<i64> = (0..self.length).map(|position| i64::from(position < used)).collect();
        let [ids, mask, types] = [ids, mask, vec![0; self.length]].map(|numbers| bytes_of_i64(&numbers));

        let dims = [1, self.length as u32];
        let input = |name, bytes| Input { name, dtype: DType::I64, dims: &dims, bytes };
        let inputs = [input("input_ids", &ids), input("attention_mask", &mask), input("token_type_ids", &types)];
        let output = Output { name: "last_hidden_state", bytes: self.length * 768 * size_of::<f32>() };
        let hidden = self.context.run(&inputs, &[output]).map_err(|error| error.to_string())?.concat();
        let hidden = f32s(&hidden);
        let width = hidden.len() / self.length;
        if width == 0 || !hidden.len().is_multiple_of(self.length) {
            return Err(format!("model gave {} numbers for {} tokens", hidden.len(), self.length));
        }

        let mut sum = vec![0.0; width];
        for token in hidden.chunks(width).take(used) {
            sum.iter_mut().zip(token).for_each(|(sum, value)| *sum += value);
        }
        let norm = sum.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        Ok(sum.iter().map(|value| value / norm).collect())
    }
}
