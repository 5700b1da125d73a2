//! What a call costs where there are many users, beside its cost where there are few; and what it costs with this build,
//! beside an earlier one. Two servers take turns, so that a machine that is slower for a while is so for both.

use crate::{
    results::{Growth, median, percentile},
    scenarios::{self, Plan, Scenario},
    stage::Stage,
};
use anyhow::Result;

/// What must stay nearly as cheap.
pub const SCENARIOS: [Scenario; 5] =
    [Scenario::Refresh, Scenario::Srp, Scenario::Password, Scenario::ListByEmail, Scenario::ListByPage];
/// At most how many times its cost with few users a call may come to.
pub const REACH: f64 = 1.3;

/// What a change must leave as cheap as it was.
pub const HOT: [Scenario; 3] = [Scenario::Refresh, Scenario::RefreshOperation, Scenario::Srp];
/// At most how many times its cost with the earlier build a call may come to.
pub const HOT_REACH: f64 = 1.03;

/// Measures one scenario on both stages.
pub async fn measure(scenario: Scenario, stages: &mut [Stage; 2], plan: Plan, reach: f64) -> Result<Growth> {
    let mut loads = Vec::new();
    for stage in stages.iter_mut() {
        let load = scenarios::prepare(scenario, stage).await?;
        stage.server.wait_until_idle()?;
        scenarios::warm_up(scenario, &load, stage, plan.turn).await?;
        loads.push(load);
    }
    let (mut costs, mut ratios) = ([Vec::new(), Vec::new()], Vec::new());
    for turn in 0..plan.turns {
        let mut cost = [0.0; 2];
        // Who began last time comes last.
        for which in if turn % 2 == 0 { [0, 1] } else { [1, 0] } {
            let calls = scenarios::play(scenario, &loads[which], &mut stages[which], plan.turn).await?;
            let seconds: f64 = calls.iter().map(|call| call.cpu_seconds).sum();
            cost[which] = 1e6 * seconds / calls[0].count as f64;
            costs[which].push(cost[which]);
        }
        ratios.push(cost[1] / cost[0]);
    }
    let microseconds = costs.map(|costs| median(&costs));
    Ok(Growth {
        scenario: scenario.title().to_owned(),
        users: [stages[0].users(), stages[1].users()],
        microseconds,
        ratio: median(&ratios),
        ratio_low: percentile(&ratios, 0.25),
        ratio_high: percentile(&ratios, 0.75),
        reach,
    })
}
