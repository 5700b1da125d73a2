//! Reads of a few rows that stay on the caller's thread: the way to another one and back costs more than they do. A
//! closure cannot wait there for its statements, so it is run anew with the answers that it has had, until it asks for
//! nothing more.

use super::super::value::Value;
use super::super::{Engine, Error, Param, Row, Tx, run_closure};
use super::lookup_connections::Lent;
use super::{Mode, Postgres, forget_stale, in_time, rows};

/// Who asks more often is not looking up.
const STATEMENTS_MAX: usize = 8;

/// What a closure has been answered so far, and what it asks for next.
#[derive(Default)]
pub(in crate::db) struct Replay {
    answers: Vec<Vec<Row>>,
    /// How many of them this run has had.
    given: usize,
    next: Option<Next>,
}

enum Next {
    Query {
        sql: String,
        params: Vec<Value>,
    },
    /// Something that does not read.
    Other,
}

impl Replay {
    pub(in crate::db) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        if let Some(rows) = self.answers.get(self.given) {
            self.given += 1;
            return Ok(rows.clone());
        }
        let params = params.iter().map(Value::from).collect();
        self.stop(Next::Query { sql: sql.to_owned(), params })
    }

    pub(in crate::db) fn other<T>(&mut self) -> Result<T, Error> {
        self.stop(Next::Other)
    }

    /// Ends this run: after an error everything that the closure asks is refused.
    fn stop<T>(&mut self, next: Next) -> Result<T, Error> {
        self.next = Some(next);
        Err(Error::Aborted)
    }
}

impl Postgres {
    pub(in crate::db) async fn look_up<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match self.replayed(&f).await {
            Some(result) => result,
            None => self.run(Mode::Read, f).await,
        }
    }

    /// None where the closure is better run on a thread of its own: it does more than look up, many others do, or a
    /// statement failed, which may be worth another try.
    async fn replayed<T, E, F>(&self, f: &F) -> Option<Result<T, E>>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E>,
        E: From<Error>,
    {
        let _under_way = self.shared.gate.read().await;
        let lent = match self.shared.lookups.lend().await {
            Ok(lent) => lent?,
            Err(error) => return Some(Err(error.into())),
        };
        let mut replay = Replay::default();
        for _ in 0..=STATEMENTS_MAX {
            replay.given = 0;
            let result = run_closure(f, &mut Tx::new(Engine::Replay(&mut replay)));
            match replay.next.take() {
                None => {
                    lent.give_back();
                    return Some(result);
                }
                Some(Next::Other) => break,
                Some(Next::Query { sql, params }) => match answer(&lent, &sql, &params).await {
                    Ok(rows) => replay.answers.push(rows),
                    // Whoever has waited so long is answered.
                    Err(Error::TimedOut) => return Some(Err(Error::TimedOut.into())),
                    Err(Error::Postgres(error)) if error.is_lost() => return None,
                    Err(_) => break,
                },
            }
        }
        lent.give_back();
        None
    }
}

async fn answer(lent: &Lent<'_>, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
    let client = lent.client()?;
    let params: Vec<Param<'_>> = params.iter().map(Param::from).collect();
    in_time(rows(client, sql, &params)).await.inspect_err(|error| forget_stale(client, error))
}
