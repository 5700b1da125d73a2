//! Whether all that a process printed has been read.

use std::time::Duration;
use tokio::process::Child;

const PAUSE: Duration = Duration::from_millis(1);
const PAUSES_MAX: usize = 20;

/// Second handles of the pipes that a process prints to.
pub(super) struct Pipes {
    #[cfg(unix)]
    ends: Vec<std::os::fd::OwnedFd>,
}

impl Pipes {
    #[cfg(unix)]
    pub(super) fn of(child: &Child) -> Pipes {
        use std::os::fd::AsFd;

        let ends = [child.stdout.as_ref().map(AsFd::as_fd), child.stderr.as_ref().map(AsFd::as_fd)];
        Pipes { ends: ends.into_iter().flatten().filter_map(|end| end.try_clone_to_owned().ok()).collect() }
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &Child) -> Pipes {
        Pipes {}
    }

    /// Waits until what was printed before has been read, so that it is not taken for what the next call prints. One
    /// that prints all the time is not waited for.
    pub(super) async fn are_read(&self) {
        for _ in 0..PAUSES_MAX {
            if self.are_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn are_empty(&self) -> bool {
        #[cfg(unix)]
        return self.ends.iter().all(|end| rustix::io::ioctl_fionread(end).unwrap_or_default() == 0);
        #[cfg(not(unix))]
        return true;
    }
}
