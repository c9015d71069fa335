//! The elements behind an npy header, as a row-major, little-endian tensor.

use super::NpyError;
use super::descr::Element;
use super::header::Header;
use crate::tensor::count;
use crate::{DType, Tensor, TensorError, float8, numeric};

/// The tensor that `header` and `data` are. Memory is taken once the two are known to agree in length.
pub(super) fn tensor(header: &Header, data: &[u8], wanted: Option<DType>) -> Result<Tensor, NpyError> {
    let elements = count(&header.shape)?;
    let expected = elements.checked_mul(header.descr.item_bytes);
    let expected = expected.ok_or_else(|| TensorError::TooLarge { shape: header.shape.clone() })?;
    if data.len() != expected {
        return Err(NpyError::DataLength { expected, found: data.len() });
    }
    match header.descr.element {
        Element::Plain(dtype) => numbers(header, dtype, data),
        Element::Opaque => {
            let wanted = wanted.filter(|&dtype| float8::Format::of(dtype).is_some());
            numbers(header, wanted.unwrap_or(DType::F8E4M3FN), data)
        }
        Element::Unicode => strings(header, elements, data, unicode),
        Element::Utf8 => strings(header, elements, data, utf8),
    }
}

fn numbers(header: &Header, dtype: DType, data: &[u8]) -> Result<Tensor, NpyError> {
    let item_bytes = header.descr.item_bytes;
    let mut tensor = Tensor::zeros(dtype, &header.shape)?;
    let Some(bytes) = tensor.bytes_mut() else { return Ok(tensor) };
    if header.fortran_order {
        for (item, index) in bytes.chunks_exact_mut(item_bytes).zip(FortranOrder::new(&header.shape)) {
            item.copy_from_slice(&data[index * item_bytes..][..item_bytes]);
        }
    } else {
        bytes.copy_from_slice(data);
    }
    if header.descr.big_endian {
        bytes.chunks_exact_mut(item_bytes).for_each(<[u8]>::reverse);
    }
    if dtype == DType::Bool
        && let Some((index, found)) = numeric::invalid_bool(bytes)
    {
        return Err(NpyError::Bool { index, found });
    }
    Ok(tensor)
}

type ReadString = fn(item: &[u8], big_endian: bool, index: usize) -> Result<String, NpyError>;

fn strings(header: &Header, elements: usize, data: &[u8], read: ReadString) -> Result<Tensor, NpyError> {
    if elements > super::MAX_STRINGS {
        return Err(NpyError::StringCount { found: elements });
    }
    let (item_bytes, big_endian) = (header.descr.item_bytes, header.descr.big_endian);
    let places: Box<dyn Iterator<Item = usize>> =
        if header.fortran_order { Box::new(FortranOrder::new(&header.shape)) } else { Box::new(0..elements) };
    let strings = places
        .take(elements)
        .enumerate()
        .map(|(index, place)| read(&data[place * item_bytes..][..item_bytes], big_endian, index))
        .collect::<Result<_, _>>()?;
    Ok(Tensor::strings(&header.shape, strings)?)
}

fn unicode(item: &[u8], big_endian: bool, index: usize) -> Result<String, NpyError> {
    let (words, _) = item.as_chunks::<4>();
    let from_bytes = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    let end = words.iter().rposition(|&word| word != [0; 4]).map_or(0, |last| last + 1);
    let points = words[..end].iter().map(|&word| from_bytes(word));
    points.map(|found| char::from_u32(found).ok_or(NpyError::CodePoint { index, found })).collect()
}

fn utf8(item: &[u8], _big_endian: bool, index: usize) -> Result<String, NpyError> {
    let end = item.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    std::str::from_utf8(&item[..end]).map(str::to_owned).map_err(|_| NpyError::Utf8 { index })
}

/// Where each element of a tensor, in row-major order, lies in the same tensor in column-major order.
struct FortranOrder<'a> {
    shape: &'a [usize],
    strides: Vec<usize>,
    indices: Vec<usize>,
    place: usize,
}

impl<'a> FortranOrder<'a> {
    /// The order of a tensor of `shape`, whose elements `usize` can count. Endless: elements come round again.
    fn new(shape: &'a [usize]) -> FortranOrder<'a> {
        // Saturates only where a zero dim leaves no element to look for.
        let strides = shape.iter().scan(1usize, |next, &dim| {
            let stride = *next;
            *next = next.saturating_mul(dim);
            Some(stride)
        });
        FortranOrder { shape, strides: strides.collect(), indices: vec![0; shape.len()], place: 0 }
    }
}

impl Iterator for FortranOrder<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let place = self.place;
        for axis in (0..self.shape.len()).rev() {
            self.indices[axis] += 1;
            self.place += self.strides[axis];
            if self.indices[axis] < self.shape[axis] {
                break;
            }
            self.place -= self.indices[axis] * self.strides[axis];
            self.indices[axis] = 0;
        }
        Some(place)
    }
}
