//! The programs of one entry of the settings: one for each ARN, so that a function which hangs or fails takes nothing
//! from another that the same entry fits.

use super::{invocation::Failure, program::Program};
use crate::config::functions;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// Each with the function that it is for.
type Running = Vec<(String, Arc<Program>)>;

/// The programs, each with its ARN.
pub(super) struct Programs {
    common: Common,
    /// The one that was used last comes last. None once they were ended.
    running: Mutex<Option<Running>>,
}

impl Programs {
    /// None runs before its first call.
    ///
    /// # Errors
    /// A text that says which setting is wrong.
    pub(super) fn new(common: Common) -> Result<Programs, String> {
        common.program()?;
        Ok(Programs { common, running: Mutex::new(Some(Vec::new())) })
    }

    /// The program of a function.
    ///
    /// # Errors
    /// Unavailable where the server ends, or calls have too many functions of the entry.
    pub(super) fn of(&self, arn: &str) -> Result<Arc<Program>, Failure> {
        let mut running = self.running();
        let running = running.as_mut().ok_or_else(|| Failure::unavailable("the server ends"))?;
        let program = match running.iter().position(|(of, _)| of == arn) {
            Some(at) => running.remove(at).1,
            None => {
                make_room(running)?;
                Arc::new(self.common.program().map_err(Failure::unavailable)?)
            }
        };
        running.push((arn.to_owned(), program.clone()));
        Ok(program)
    }

    /// Ends them, and waits until they have ended. One that a call has ends with the call.
    pub(super) async fn end(&self) {
        let ended = self.running().take().unwrap_or_default();
        for program in ended.into_iter().filter_map(|(_, program)| Arc::into_inner(program)) {
            program.end().await;
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the program that no call has for the longest time, where there are as many as may be.
fn make_room(running: &mut Vec<(String, Arc<Program>)>) -> Result<(), Failure> {
    if running.len() < PROGRAMS_MAX {
        return Ok(());
    }
    // Whoever has a program holds it; nobody else can get one meanwhile.
    let idle = running.iter().position(|(_, program)| Arc::strong_count(program) == 1);
    let busy =
        || Failure::unavailable(format!("calls have {PROGRAMS_MAX} functions of one entry of [[functions]]"));
    // Its processes end with it.
    drop(running.remove(idle.ok_or_else(busy)?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::functions::Run;

    fn programs() -> Programs {
        let run = Run::Command(vec!["/nowhere/program".to_owned()]);
        let settings = functions::Program { run, environment: Default::default(), access_key: None };
        let (server_url, region) = (String::new(), String::new());
        Programs::new(Common { settings, concurrency: 1, server_url, region, development: false }).unwrap()
    }

    #[test]
    fn the_one_that_is_idle_for_the_longest_time_makes_room() {
        let programs = programs();
        let all: Vec<_> = (0..PROGRAMS_MAX).map(|n| programs.of(&n.to_string()).unwrap()).collect();
        let refused = programs.of("another").err();
        assert!(matches!(refused, Some(Failure::Unavailable { .. })), "calls have all of them");
        let weak: Vec<_> = all.iter().map(Arc::downgrade).collect();
        drop(all);
        let used_again = programs.of("0").unwrap();
        assert!(Arc::ptr_eq(&used_again, &weak[0].upgrade().unwrap()));
        let kept = programs.of("1").unwrap();
        programs.of("2").unwrap();
        for another in ["a", "b"] {
            programs.of(another).unwrap();
        }
        let ended: Vec<usize> = (0..PROGRAMS_MAX).filter(|n| weak[*n].upgrade().is_none()).collect();
        assert_eq!(ended, [3, 4]);
        drop((used_again, kept));
        assert_eq!(programs.running().as_ref().map(Vec::len), Some(PROGRAMS_MAX));
    }
}
