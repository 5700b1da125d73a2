//! CBOR (RFC 8949) as authenticators write it (CTAP 2.1 §8): integers, bytes, texts, lists, maps, booleans and null,
//! all of definite length, without tags and floating-point numbers. What it says of its own lengths is believed only
//! as far as there are bytes and as the limits here allow.

use minicbor::{Decoder, data::Type};

/// How deep lists and maps lie in each other. CTAP allows four levels; a certificate chain in a statement is the third.
const CBOR_DEPTH_MAX: usize = 6;
/// Entries of one list or map.
const CBOR_ENTRIES_MAX: u64 = 64;
/// Values in one text of CBOR, whatever they lie in.
const CBOR_VALUES_MAX: usize = 512;

/// A value, whose bytes and texts lie where they were read.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A whole number.
    Integer(i64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A text.
    Text(&'a str),
    /// A list.
    Array(Vec<Value<'a>>),
    /// A map without repeated keys, in its own order.
    Map(Map<'a>),
    /// True or false.
    Bool(bool),
    /// Null.
    Null,
}

/// A map whose keys are numbers or texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map<'a>(Vec<(Value<'a>, Value<'a>)>);

/// What is no CBOR, or beyond a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl From<minicbor::decode::Error> for Malformed {
    fn from(_: minicbor::decode::Error) -> Malformed {
        Malformed
    }
}

/// The one value that these bytes are.
pub fn read(bytes: &[u8]) -> Result<Value<'_>, Malformed> {
    let (value, length) = read_first(bytes)?;
    if length == bytes.len() { Ok(value) } else { Err(Malformed) }
}

/// The value that these bytes begin with, and how many of them it takes.
pub fn read_first(bytes: &[u8]) -> Result<(Value<'_>, usize), Malformed> {
    let mut reader = Reader { decoder: Decoder::new(bytes), values_left: CBOR_VALUES_MAX };
    let value = reader.value(CBOR_DEPTH_MAX)?;
    Ok((value, reader.decoder.position()))
}

struct Reader<'a> {
    decoder: Decoder<'a>,
    values_left: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth_left: usize) -> Result<Value<'a>, Malformed> {
        self.values_left = self.values_left.checked_sub(1).ok_or(Malformed)?;
        Ok(match self.decoder.datatype()? {
            Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Int => Value::Integer(self.decoder.i64()?),
            Type::Bytes => Value::Bytes(self.decoder.bytes()?),
            Type::String => Value::Text(self.decoder.str()?),
            Type::Bool => Value::Bool(self.decoder.bool()?),
            Type::Null => {
                self.decoder.null()?;
                Value::Null
            }
            Type::Array => {
                let depth_left = depth_left.checked_sub(1).ok_or(Malformed)?;
                let length = self.decoder.array()?;
                let entries = (0..bounded(length)?).map(|_| self.value(depth_left));
                Value::Array(entries.collect::<Result<_, _>>()?)
            }
            Type::Map => {
                let depth_left = depth_left.checked_sub(1).ok_or(Malformed)?;
                let length = self.decoder.map()?;
                Value::Map(self.map(bounded(length)?, depth_left)?)
            }
            _ => return Err(Malformed),
        })
    }

    fn map(&mut self, length: u64, depth_left: usize) -> Result<Map<'a>, Malformed> {
        let mut entries: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        for _ in 0..length {
            let key = self.value(depth_left)?;
            if !matches!(key, Value::Integer(_) | Value::Text(_)) || entries.iter().any(|(k, _)| *k == key) {
                return Err(Malformed);
            }
            let value = self.value(depth_left)?;
            entries.push((key, value));
        }
        Ok(Map(entries))
    }
}

/// A length that is said, and not too great.
fn bounded(length: Option<u64>) -> Result<u64, Malformed> {
    length.filter(|length| *length <= CBOR_ENTRIES_MAX).ok_or(Malformed)
}

impl<'a> Value<'a> {
    /// The map that it is.
    pub fn into_map(self) -> Option<Map<'a>> {
        if let Value::Map(map) = self { Some(map) } else { None }
    }

    /// The number that it is.
    pub fn integer(&self) -> Option<i64> {
        if let Value::Integer(number) = self { Some(*number) } else { None }
    }

    /// The bytes that it is.
    pub fn bytes(&self) -> Option<&'a [u8]> {
        if let Value::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The text that it is.
    pub fn text(&self) -> Option<&'a str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// The list that it is.
    pub fn array(&self) -> Option<&[Value<'a>]> {
        if let Value::Array(entries) = self { Some(entries) } else { None }
    }
}

impl<'a> Map<'a> {
    /// The value of a numbered label.
    pub fn label(&self, label: i64) -> Option<&Value<'a>> {
        self.0.iter().find(|(key, _)| key.integer() == Some(label)).map(|(_, value)| value)
    }

    /// The value of a name.
    pub fn name(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}
