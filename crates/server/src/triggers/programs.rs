//! The programs of one entry of the settings: one for each ARN, so that a function which hangs or fails takes nothing
//! from another that the same entry fits.

use super::{invocation::Failure, program::Program};
use crate::config::functions;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many functions one entry runs as programs: whoever may change a pool may invent ARNs.
const PROGRAMS_MAX: usize = 64;

/// What all programs of an entry have in common.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) settings: functions::Program,
    pub(super) concurrency: usize,
    pub(super) server_url: String,
    pub(super) region: String,
    pub(super) development: bool,
}

impl Common {
    fn program(&self) -> Result<Program, String> {
        let Common { settings, concurrency, server_url, region, development } = self;
        Program::new(settings.clone(), *concurrency, server_url, region, *development)
    }
}

/// The programs by ARN.
pub(super) struct Programs {
    common: Common,
    /// None once they were ended.
    running: Mutex<Option<HashMap<String, Arc<Program>>>>,
}

impl Programs {
    /// None runs before its first call.
    ///
    /// # Errors
    /// A text that says which setting is wrong.
    pub(super) fn new(common: Common) -> Result<Programs, String> {
        common.program()?;
        Ok(Programs { common, running: Mutex::new(Some(HashMap::new())) })
    }

    /// The program of a function.
    ///
    /// # Errors
    /// Unavailable where the server ends, or too many functions fit the entry.
    pub(super) fn of(&self, arn: &str) -> Result<Arc<Program>, Failure> {
        let mut running = self.running();
        let running = running.as_mut().ok_or_else(|| Failure::unavailable("the server ends"))?;
        if let Some(program) = running.get(arn) {
            return Ok(program.clone());
        }
        if running.len() >= PROGRAMS_MAX {
            let reason = format!("one entry of [[functions]] runs {PROGRAMS_MAX} functions already");
            return Err(Failure::unavailable(reason));
        }
        let program = Arc::new(self.common.program().map_err(Failure::unavailable)?);
        running.insert(arn.to_owned(), program.clone());
        Ok(program)
    }

    /// Ends them, and waits until they have ended. One that a call has ends with the call.
    pub(super) async fn end(&self) {
        let ended = self.running().take().unwrap_or_default();
        for program in ended.into_values().filter_map(Arc::into_inner) {
            program.end().await;
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<HashMap<String, Arc<Program>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
