//! What a program prints: it goes to the log, a line each, bounded for each call and without secrets.

use super::super::blot::Secrets;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

/// What one call may print.
const LINES_MAX: usize = 256;
const BYTES_MAX: usize = 64 * 1024;

/// How much of a line is shown.
const LINE_BYTES_MAX: usize = 4096;

const CHUNK_BYTES: usize = 8 * 1024;

/// For how many calls their secrets are remembered, because a program may print an event after it has answered.
const CALLS_REMEMBERED: usize = 8;

/// The log of one process.
pub(super) struct Log {
    function: String,
    /// What it must never print, whatever the call.
    own: Option<Zeroizing<String>>,
    state: Mutex<State>,
}

struct State {
    request_id: String,
    remembered: VecDeque<Vec<Zeroizing<String>>>,
    /// Made of them for the first line.
    secrets: Option<Secrets>,
    lines: usize,
    bytes: usize,
    left_out: u64,
}

impl Log {
    pub(super) fn new(function: &str, own: Option<Zeroizing<String>>) -> Log {
        let state = State {
            request_id: String::new(),
            remembered: VecDeque::new(),
            secrets: None,
            lines: 0,
            bytes: 0,
            left_out: 0,
        };
        Log { function: function.to_owned(), own, state: Mutex::new(state) }
    }

    /// From here on what is printed belongs to this request.
    pub(super) fn begin(&self, request_id: &str, secrets: &[Zeroizing<String>]) {
        let mut state = self.lock();
        self.summarize(&mut state);
        state.remembered.truncate(CALLS_REMEMBERED - 1);
        state.remembered.push_front(secrets.to_vec());
        state.secrets = None;
        request_id.clone_into(&mut state.request_id);
        (state.lines, state.bytes) = (0, 0);
    }

    /// Says how much was left out since it was said last.
    pub(super) fn end(&self) {
        self.summarize(&mut self.lock());
    }

    /// What the server has to say of the process.
    pub(super) fn note(&self, text: &str) {
        self.write(&self.lock(), "server", text);
    }

    fn summarize(&self, state: &mut State) {
        let count = std::mem::take(&mut state.left_out);
        if count > 0 {
            self.write(state, "server", &format!("{count} further lines were left out"));
        }
    }

    fn line(&self, stream: &'static str, bytes: &[u8], is_cut: bool) {
        let mut state = self.lock();
        if state.lines >= LINES_MAX || state.bytes + bytes.len() > BYTES_MAX {
            state.left_out += 1;
            return;
        }
        state.lines += 1;
        state.bytes += bytes.len();
        let text = String::from_utf8_lossy(bytes);
        // What was cut off may begin in the middle of a letter.
        let text = if is_cut { text.trim_end_matches('\u{fffd}') } else { text.trim_end_matches('\r') };
        let State { remembered, secrets, .. } = &mut *state;
        let secrets =
            secrets.get_or_insert_with(|| Secrets::new(remembered.iter().flatten().chain(&self.own)));
        let mut text = escaped(&secrets.blotted(text, is_cut));
        if is_cut {
            text.push('…');
        }
        self.write(&state, stream, &text);
    }

    fn write(&self, state: &State, stream: &str, text: &str) {
        let (function, request_id) = (&self.function, &state.request_id);
        tracing::info!(target: "cognate::function", function, request_id, stream, "{text}");
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads to the end, whatever comes, and never holds more than a chunk and a line.
pub(super) async fn read(log: Arc<Log>, stream: &'static str, mut from: impl AsyncRead + Unpin) {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut lines = Lines::default();
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        lines.take(chunk.get(..count).unwrap_or_default(), |line, is_cut| log.line(stream, line, is_cut));
        // A flood comes as fast as it is read; the others on this thread have their turn.
        tokio::task::yield_now().await;
    }
    lines.finish(|line, is_cut| log.line(stream, line, is_cut));
}

/// Makes lines of chunks.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    is_cut: bool,
}

impl Lines {
    fn take(&mut self, chunk: &[u8], mut each: impl FnMut(&[u8], bool)) {
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            let (text, is_end) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            let space = LINE_BYTES_MAX - self.line.len();
            self.is_cut |= text.len() > space;
            self.line.extend_from_slice(text.get(..space).unwrap_or(text));
            if is_end {
                self.finish(&mut each);
            }
        }
    }

    fn finish(&mut self, mut each: impl FnMut(&[u8], bool)) {
        if !self.line.is_empty() {
            each(&self.line, self.is_cut);
        }
        self.line.clear();
        self.is_cut = false;
    }
}

/// Without anything that moves a terminal's cursor, ends a line or turns the direction of writing.
fn escaped(text: &str) -> String {
    let is_harmful = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_harmful(letter) { out.extend(letter.escape_default()) } else { out.push(letter) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a line is, and whether it was cut.
    type Found = Vec<(usize, bool)>;

    fn lines(chunks: &[&[u8]]) -> Found {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.take(chunk, |line, is_cut| found.push((line.len(), is_cut)));
        }
        lines.finish(|line, is_cut| found.push((line.len(), is_cut)));
        found
    }

    #[test]
    fn chunks_become_lines_and_long_ones_are_cut() {
        let long = vec![b'x'; LINE_BYTES_MAX];
        let longer = vec![b'x'; LINE_BYTES_MAX * 3];
        let cases: [(&[&[u8]], Found); 5] = [
            (&[b"one\ntw", b"o\n\nthree"], vec![(3, false), (3, false), (5, false)]),
            (&[&long, b"\n"], vec![(LINE_BYTES_MAX, false)]),
            (&[&long, b"x\na\n"], vec![(LINE_BYTES_MAX, true), (1, false)]),
            (&[&longer, &longer, b"\na"], vec![(LINE_BYTES_MAX, true), (1, false)]),
            (&[b""], vec![]),
        ];
        for (chunks, expected) in cases {
            assert_eq!(lines(chunks), expected);
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escaped("a\tb\u{1b}[2J\u{202e}ü"), "a\\tb\\u{1b}[2J\\u{202e}ü");
    }
}
