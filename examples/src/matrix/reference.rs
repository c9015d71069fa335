//! The arithmetic that expected outputs are computed with: plain loops in f64, nothing shared with what they check.

/// The product of `a` [m, k] and `b` [k, n], row-major.
pub(super) fn matmul(a: &[f32], b: &[f32], [m, k, n]: [usize; 3]) -> Vec<f32> {
    let mut product = Vec::with_capacity(m * n);
    for row in 0..m {
        for column in 0..n {
            let sum: f64 = (0..k).map(|i| f64::from(a[row * k + i]) * f64::from(b[i * n + column])).sum();
            product.push(sum as f32);
        }
    }
    product
}

/// The transpose of a matrix of `rows` rows.
pub(super) fn transpose<T: Copy>(matrix: &[T], rows: usize) -> Vec<T> {
    let columns = matrix.len() / rows;
    (0..columns).flat_map(|column| (0..rows).map(move |row| matrix[row * columns + column])).collect()
}

/// The error function, by its Taylor series; good to 1e-10 where |x| < 4.
pub(super) fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..100 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

/// The Gaussian error linear unit.
pub(super) fn gelu(x: f32) -> f32 {
    let x = f64::from(x);
    (0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2))) as f32
}

/// The logistic function.
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Softmax of each row of `width`.
pub(super) fn softmax(rows: &[f32], width: usize) -> Vec<f32> {
    let mut weights = Vec::with_capacity(rows.len());
    for row in rows.chunks(width) {
        let total: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
        weights.extend(row.iter().map(|&x| (f64::from(x).exp() / total) as f32));
    }
    weights
}

/// Layer normalisation of each row of `scale.len()`.
pub(super) fn layer_norm(rows: &[f32], scale: &[f32], bias: &[f32], epsilon: f64) -> Vec<f32> {
    let width = scale.len();
    let mut normalised = Vec::with_capacity(rows.len());
    for row in rows.chunks(width) {
        let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / width as f64;
        let variance = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / width as f64;
        for (i, &x) in row.iter().enumerate() {
            let unit = (f64::from(x) - mean) / (variance + epsilon).sqrt();
            normalised.push((unit * f64::from(scale[i]) + f64::from(bias[i])) as f32);
        }
    }
    normalised
}
