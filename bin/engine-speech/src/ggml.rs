//! Lays Whisper's weights out the way whisper.cpp loads them.
//!
//! The file: twelve `i32` of dimensions, the mel filter bank, the vocabulary, then the tensors, each `i32` rank, name
//! length and type (0 is f32, 1 is f16), the dimensions innermost first, the name and the elements. Matrices and
//! convolutions stay in half precision; biases, norms and positions must be single. CTranslate2 stores the projections
//! of queries, keys and values as one matrix, whisper.cpp wants them apart; keys have no bias.

use crate::ct2::{Element, Model, ReadError, Tensor};
use crate::mel;

const MAGIC: i32 = 0x6767_6d6c;
/// Width of one attention head in every Whisper model.
const HEAD: usize = 64;
/// Size of the vocabulary of the models that hear English only.
const ENGLISH_TOKENS: usize = 51_864;
/// Those of them that are not special.
const PLAIN_TOKENS: usize = 50_256;
/// "Mostly f16" in whisper.cpp's list of file types.
const FILE_TYPE: i32 = 1;

/// Why a model cannot be converted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConvertError {
    /// A variable is missing or not what is expected.
    #[error(transparent)]
    Model(#[from] ReadError),
    /// A model, but not an English-only Whisper.
    #[error("{tokens} tokens of width {width} are not an English-only Whisper model ({ENGLISH_TOKENS} tokens)")]
    OtherModel {
        /// Size of its vocabulary.
        tokens: usize,
        /// Width of its layers.
        width: usize,
    },
    /// The list of tokens is cut short or belongs to another model; whisper.cpp would abort the process.
    #[error("it has {0} plain tokens, not {PLAIN_TOKENS}")]
    VocabularySize(usize),
    /// A line of the vocabulary is not in the alphabet of byte-level BPE.
    #[error("line {0} is not a token")]
    Vocabulary(usize),
}

/// Converts an English-only Whisper model; `vocabulary` is the text of `vocabulary.txt`, one token a line.
pub(crate) fn from_ct2(model: &Model, vocabulary: &str) -> Result<Vec<u8>, ConvertError> {
    let shape = Shape::of(model)?;
    let mut out = Writer { model, bytes: Vec::with_capacity(shape.capacity()) };
    out.header(&shape);
    let bank = mel::filters(shape.mels);
    out.ints(&[shape.mels as i32, mel::FFT_BINS as i32]);
    bank.iter().for_each(|weight| out.bytes.extend(weight.to_le_bytes()));
    let tokens = out.vocabulary(vocabulary)?;
    if tokens != PLAIN_TOKENS {
        return Err(ConvertError::VocabularySize(tokens));
    }
    out.stems()?;
    for layer in 0..shape.encoder_layers {
        let (from, to) = (format!("encoder/layer_{layer}"), format!("encoder.blocks.{layer}"));
        out.layer(&from, &to, shape.width)?;
    }
    for layer in 0..shape.decoder_layers {
        let (from, to) = (format!("decoder/layer_{layer}"), format!("decoder.blocks.{layer}"));
        out.layer(&from, &to, shape.width)?;
        out.cross_attention(&from, &to, shape.width)?;
    }
    Ok(out.bytes)
}

/// The dimensions of a model, read off its tensors.
struct Shape {
    tokens: usize,
    mels: usize,
    width: usize,
    audio_positions: usize,
    text_positions: usize,
    encoder_layers: usize,
    decoder_layers: usize,
}

impl Shape {
    fn of(model: &Model) -> Result<Shape, ConvertError> {
        let embeddings = &halves(model, "decoder/embeddings/weight", 2)?.shape;
        let layers = |side: &str| {
            (0..).take_while(|i| model.contains(&format!("{side}/layer_{i}/ffn/layer_norm/gamma"))).count()
        };
        if embeddings[0] != ENGLISH_TOKENS || embeddings[1] == 0 || embeddings[1] % HEAD != 0 {
            return Err(ConvertError::OtherModel { tokens: embeddings[0], width: embeddings[1] });
        }
        Ok(Shape {
            tokens: embeddings[0],
            width: embeddings[1],
            mels: halves(model, "encoder/conv1/weight", 3)?.shape[1],
            audio_positions: halves(model, "encoder/position_encodings/encodings", 2)?.shape[0],
            text_positions: halves(model, "decoder/position_encodings/encodings", 2)?.shape[0],
            encoder_layers: layers("encoder"),
            decoder_layers: layers("decoder"),
        })
    }

    /// Roughly the size of the file: twelve and sixteen square matrices a layer, and the embeddings.
    fn capacity(&self) -> usize {
        let squares = 12 * self.encoder_layers + 16 * self.decoder_layers;
        let elements = self.width.saturating_mul(self.tokens.saturating_add(squares.saturating_mul(self.width)));
        elements.saturating_mul(2).saturating_add(8 << 20).min(256 << 20)
    }
}

/// The variable `name`, which must be stored in half precision.
fn halves<'m, 'a>(model: &'m Model<'a>, name: &str, rank: usize) -> Result<&'m Tensor<'a>, ReadError> {
    let tensor = model.tensor(name, rank)?;
    if tensor.element != Element::F16 {
        return Err(ReadError::Variable { name: name.to_owned(), problem: "its elements are not half precision" });
    }
    Ok(tensor)
}

struct Writer<'m, 'a> {
    model: &'m Model<'a>,
    bytes: Vec<u8>,
}

impl Writer<'_, '_> {
    fn ints(&mut self, values: &[i32]) {
        values.iter().for_each(|value| self.bytes.extend(value.to_le_bytes()));
    }

    fn header(&mut self, shape: &Shape) {
        let heads = (shape.width / HEAD) as i32;
        self.ints(&[MAGIC, shape.tokens as i32]);
        self.ints(&[shape.audio_positions as i32, shape.width as i32, heads, shape.encoder_layers as i32]);
        self.ints(&[shape.text_positions as i32, shape.width as i32, heads, shape.decoder_layers as i32]);
        self.ints(&[shape.mels as i32, FILE_TYPE]);
    }

    /// The plain tokens as bytes; whisper.cpp adds the special ones (`<|…|>`) itself.
    fn vocabulary(&mut self, text: &str) -> Result<usize, ConvertError> {
        let at = self.bytes.len();
        self.ints(&[0]);
        let mut count = 0i32;
        for (number, line) in text.lines().enumerate() {
            if line.starts_with("<|") && line.ends_with("|>") {
                continue;
            }
            let token = line.chars().map(byte_of).collect::<Option<Vec<u8>>>();
            let token = token.ok_or(ConvertError::Vocabulary(number + 1))?;
            self.ints(&[token.len() as i32]);
            self.bytes.extend(token);
            count += 1;
        }
        self.bytes[at..at + 4].copy_from_slice(&count.to_le_bytes());
        Ok(count as usize)
    }

    /// What does not belong to a layer.
    fn stems(&mut self) -> Result<(), ReadError> {
        let model = self.model;
        let matrix = |name: &str, rank| halves(model, name, rank);
        self.single("encoder.positional_embedding", matrix("encoder/position_encodings/encodings", 2)?);
        self.single("decoder.positional_embedding", matrix("decoder/position_encodings/encodings", 2)?);
        self.half("decoder.token_embedding.weight", matrix("decoder/embeddings/weight", 2)?);
        for conv in ["conv1", "conv2"] {
            self.half(&format!("encoder.{conv}.weight"), matrix(&format!("encoder/{conv}/weight"), 3)?);
            let mut bias = matrix(&format!("encoder/{conv}/bias"), 1)?.clone();
            bias.shape.push(1);
            self.single(&format!("encoder.{conv}.bias"), &bias);
        }
        self.norm("encoder/layer_norm", "encoder.ln_post")?;
        self.norm("decoder/layer_norm", "decoder.ln")
    }

    /// Self-attention and the feed-forward part.
    fn layer(&mut self, from: &str, to: &str, width: usize) -> Result<(), ReadError> {
        self.norm(&format!("{from}/self_attention/layer_norm"), &format!("{to}.attn_ln"))?;
        let fused = format!("{from}/self_attention/linear_0");
        self.part(&fused, &format!("{to}.attn.query"), (0, width), true)?;
        self.part(&fused, &format!("{to}.attn.key"), (width, 2 * width), false)?;
        self.part(&fused, &format!("{to}.attn.value"), (2 * width, 3 * width), true)?;
        self.linear(&format!("{from}/self_attention/linear_1"), &format!("{to}.attn.out"))?;
        self.norm(&format!("{from}/ffn/layer_norm"), &format!("{to}.mlp_ln"))?;
        self.linear(&format!("{from}/ffn/linear_0"), &format!("{to}.mlp.0"))?;
        self.linear(&format!("{from}/ffn/linear_1"), &format!("{to}.mlp.2"))
    }

    /// How the decoder looks at what was heard.
    fn cross_attention(&mut self, from: &str, to: &str, width: usize) -> Result<(), ReadError> {
        self.norm(&format!("{from}/attention/layer_norm"), &format!("{to}.cross_attn_ln"))?;
        self.linear(&format!("{from}/attention/linear_0"), &format!("{to}.cross_attn.query"))?;
        let fused = format!("{from}/attention/linear_1");
        self.part(&fused, &format!("{to}.cross_attn.key"), (0, width), false)?;
        self.part(&fused, &format!("{to}.cross_attn.value"), (width, 2 * width), true)?;
        self.linear(&format!("{from}/attention/linear_2"), &format!("{to}.cross_attn.out"))
    }

    fn norm(&mut self, from: &str, to: &str) -> Result<(), ReadError> {
        self.single(&format!("{to}.weight"), halves(self.model, &format!("{from}/gamma"), 1)?);
        self.single(&format!("{to}.bias"), halves(self.model, &format!("{from}/beta"), 1)?);
        Ok(())
    }

    fn linear(&mut self, from: &str, to: &str) -> Result<(), ReadError> {
        self.half(&format!("{to}.weight"), halves(self.model, &format!("{from}/weight"), 2)?);
        self.single(&format!("{to}.bias"), halves(self.model, &format!("{from}/bias"), 1)?);
        Ok(())
    }

    /// Rows `rows` of a fused projection.
    fn part(&mut self, from: &str, to: &str, rows: (usize, usize), bias: bool) -> Result<(), ReadError> {
        let model = self.model;
        let cut = |kind: &str, rank| {
            let name = format!("{from}/{kind}");
            halves(model, &name, rank)?.rows(rows.0, rows.1).ok_or(ReadError::Missing(name))
        };
        self.half(&format!("{to}.weight"), &cut("weight", 2)?);
        if bias {
            self.single(&format!("{to}.bias"), &cut("bias", 1)?);
        }
        Ok(())
    }

    fn half(&mut self, name: &str, tensor: &Tensor) {
        self.tensor_header(name, tensor, 1);
        self.bytes.extend(tensor.data);
    }

    fn single(&mut self, name: &str, tensor: &Tensor) {
        self.tensor_header(name, tensor, 0);
        for pair in tensor.data.chunks_exact(2) {
            self.bytes.extend(f16_to_f32(u16::from_le_bytes([pair[0], pair[1]])).to_le_bytes());
        }
    }

    fn tensor_header(&mut self, name: &str, tensor: &Tensor, kind: i32) {
        self.ints(&[tensor.shape.len() as i32, name.len() as i32, kind]);
        tensor.shape.iter().rev().for_each(|d| self.ints(&[*d as i32]));
        self.bytes.extend(name.as_bytes());
    }
}

/// The byte a character stands for in the byte-level BPE of GPT-2: printable Latin-1 stands for itself, the other
/// bytes follow in order from U+0100.
fn byte_of(c: char) -> Option<u8> {
    let printable = |code: u32| matches!(code, 33..=126 | 161..=172 | 174..=255);
    let code = u32::from(c);
    if code < 256 {
        return printable(code).then_some(code as u8);
    }
    (0..=255u8).filter(|byte| !printable(u32::from(*byte))).nth(code as usize - 256)
}

/// IEEE 754 half to single precision.
fn f16_to_f32(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff) / 1024.0;
    sign * match exponent {
        0 => fraction * 2f32.powi(-14),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct2::tests::write;

    #[test]
    fn halves_become_singles() {
        for (bits, value) in [(0x0000, 0.0), (0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x7bff, 65504.0)] {
            assert_eq!(f16_to_f32(bits), value);
        }
        assert_eq!(f16_to_f32(0x0001), 5.960_464_5e-8);
        assert!(f16_to_f32(0x7c01).is_nan());
    }

    #[test]
    fn the_alphabet_covers_every_byte_once() {
        let mut seen = [false; 256];
        for code in 0..600 {
            if let Some(byte) = char::from_u32(code).and_then(byte_of) {
                assert!(!std::mem::replace(&mut seen[usize::from(byte)], true), "{byte} twice");
            }
        }
        assert!(seen.iter().all(|s| *s));
        assert_eq!(
            (byte_of('Ġ'), byte_of('Ċ'), byte_of('e'), byte_of('→')),
            (Some(b' '), Some(b'\n'), Some(b'e'), None)
        );
    }

    #[test]
    fn a_model_without_layers_names_what_is_missing() {
        let file = write(&[]);
        let error = from_ct2(&Model::read(&file).unwrap(), "").unwrap_err().to_string();
        assert!(error.contains("decoder/embeddings/weight"), "{error}");
    }

    #[test]
    fn a_vocabulary_in_another_alphabet_is_refused_with_its_line() {
        let file = write(&[]);
        let empty = Model::read(&file).unwrap();
        let mut writer = Writer { model: &empty, bytes: Vec::new() };
        assert!(matches!(writer.vocabulary("a\n<|x|>\nb c"), Err(ConvertError::Vocabulary(3))));
        let mut writer = Writer { model: &empty, bytes: Vec::new() };
        assert_eq!(writer.vocabulary("a\n<|x|>\nĠb\n").unwrap(), 2);
        assert_eq!(writer.bytes, [2, 0, 0, 0, 1, 0, 0, 0, b'a', 2, 0, 0, 0, b' ', b'b']);
    }
}
