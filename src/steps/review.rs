//! Step 5, review conflicts: the decisions, their file, and the plan with its hash.

use crate::engine::counted;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::private_file;

pub(crate) async fn run(session: &mut Session) -> Result<String> {
    session.require_decided()?;
    let plan = session.plan()?;
    let decided = session.decided_lines()?;
    let record = session.begin_run().await?;
    record.decided = decided;
    let hash = plan.hash.clone();
    record.plan = Some(plan.clone());
    let record = record.clone();
    let folder = session.run_folder(&record);
    private_file::create_folder(&folder)?;
    crate::engine::decisions::write_plan(&folder.join("plan.json"), &plan)?;
    session.save().await?;
    Ok(format!(
        "plan {} over {}",
        &hash[..12],
        counted(plan.conflicts.len() as u64, "conflict", "conflicts")
    ))
}
