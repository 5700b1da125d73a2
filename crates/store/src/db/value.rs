//! What goes into a statement and what comes out: integers, texts and blobs, and nothing else.

use std::fmt;

use super::Error;
use rules::ids::{ClientId, PoolId, Sub, Username};

/// A value bound to a `$N` marker.
#[derive(Clone, Copy)]
pub enum Param<'a> {
    /// SQL's NULL.
    Null,
    /// An integer; booleans are 0 and 1.
    Int(i64),
    /// A text without NUL bytes.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

/// Shows the kind only: tokio-postgres logs the parameters of each statement at its debug level, and they
/// are nobody's business.
impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Param::Null => "Null",
            Param::Int(_) => "Int(…)",
            Param::Text(_) => "Text(…)",
            Param::Blob(_) => "Blob(…)",
        })
    }
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Param::Int(value)
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Param::Int(value.into())
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Param::Text(value)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Param::Text(value)
    }
}

/// Writes that an id is bound as its text.
macro_rules! texts {
    ($($id:ty),*) => {$(
        impl<'a> From<&'a $id> for Param<'a> {
            fn from(value: &'a $id) -> Self {
                Param::Text(value)
            }
        }
    )*};
}

texts!(PoolId, ClientId, Sub, Username);

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Param::Blob(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Param::Blob(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Param::Blob(value)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Into::into)
    }
}

/// `&user.nickname` of an `Option<String>` needs no `as_deref`.
impl<'a> From<&'a Option<String>> for Param<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_deref().into()
    }
}

impl<'a> From<&'a Option<Vec<u8>>> for Param<'a> {
    fn from(value: &'a Option<Vec<u8>>) -> Self {
        value.as_deref().into()
    }
}

/// Refuses on both engines what PostgreSQL cannot store, so that tests on SQLite find it.
pub(super) fn check_texts(params: &[Param<'_>]) -> Result<(), Error> {
    let nul = params.iter().position(|param| matches!(param, Param::Text(text) if text.contains('\0')));
    nul.map_or(Ok(()), |index| Err(Error::NulInText { position: index + 1 }))
}

/// A value that is nobody else's.
#[derive(Clone)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Value::Null => "NULL",
            Value::Int(_) => "an integer",
            Value::Text(_) => "a text",
            Value::Blob(_) => "a blob",
        }
    }
}

impl From<&Param<'_>> for Value {
    fn from(param: &Param<'_>) -> Value {
        match *param {
            Param::Null => Value::Null,
            Param::Int(int) => Value::Int(int),
            Param::Text(text) => Value::Text(text.to_owned()),
            Param::Blob(bytes) => Value::Blob(bytes.to_owned()),
        }
    }
}

impl<'a> From<&'a Value> for Param<'a> {
    fn from(value: &'a Value) -> Param<'a> {
        match value {
            Value::Null => Param::Null,
            Value::Int(int) => Param::Int(*int),
            Value::Text(text) => Param::Text(text),
            Value::Blob(bytes) => Param::Blob(bytes),
        }
    }
}

/// One row of an answer; columns are counted from 0.
#[derive(Clone)]
pub struct Row {
    pub(super) values: Vec<Value>,
}

/// Writes the two accessors of a kind: one for a column that must hold it, one that takes NULL too.
macro_rules! accessors {
    ($name:ident, $opt_name:ident, $variant:ident, $type:ty, $wanted:literal) => {
        #[doc = concat!("The column's value, which must be ", $wanted, ".")]
        pub fn $name(&self, index: usize) -> Result<$type, Error> {
            match self.values.get(index) {
                Some(Value::$variant(value)) => Ok(value.clone()),
                other => Err(mismatch(index, $wanted, other)),
            }
        }

        #[doc = concat!("The column's value, which must be ", $wanted, " or NULL.")]
        pub fn $opt_name(&self, index: usize) -> Result<Option<$type>, Error> {
            match self.values.get(index) {
                Some(Value::Null) => Ok(None),
                Some(Value::$variant(value)) => Ok(Some(value.clone())),
                other => Err(mismatch(index, $wanted, other)),
            }
        }
    };
}

impl Row {
    accessors!(int, opt_int, Int, i64, "an integer");
    accessors!(text, opt_text, Text, String, "a text");
    accessors!(blob, opt_blob, Blob, Vec<u8>, "a blob");

    /// The column's value, which must be 0 or 1.
    pub fn bool(&self, index: usize) -> Result<bool, Error> {
        match self.values.get(index) {
            Some(Value::Int(0)) => Ok(false),
            Some(Value::Int(1)) => Ok(true),
            other => Err(mismatch(index, "0 or 1", other)),
        }
    }
}

fn mismatch(index: usize, wanted: &'static str, found: Option<&Value>) -> Error {
    Error::Column { index, wanted, found: found.map_or("nothing", Value::kind) }
}
