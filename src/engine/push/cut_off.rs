//! A push that was cut off, by a kill or a lost connection, before anybody looked at what it did: the next start finds that out, from the indexes
//! that were recorded before.

use crate::domain::lease::clock;
use crate::domain::pushed::{IndexAt, KeptIndex, PushRecord, compare};
use crate::domain::text::named;
use crate::engine::error::Result;
use crate::engine::session::{Session, now};

/// The last push, and those just before it that were cut off: what these dropped, nobody has decided on.
fn undecided(pushes: &[PushRecord]) -> &[PushRecord] {
    let Some((_, earlier)) = pushes.split_last() else {
        return &[];
    };
    let cut_off = earlier.iter().rev().take_while(|it| it.ended.is_none());
    &pushes[earlier.len() - cut_off.count()..]
}

impl Session {
    /// What the last push dropped and does not stand yet; what one dropped that was cut off before it, too.
    pub(super) async fn dropped_by_the_last_push(&self) -> Result<Vec<(IndexAt, KeptIndex)>> {
        let pushes = self.run.open().map_or(&[][..], |run| &run.pushes[..]);
        if pushes.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.work.index_picture().await?;
        let mut dropped: Vec<(IndexAt, KeptIndex)> = Vec::new();
        for push in undecided(pushes) {
            for (at, index) in compare(&push.before, &now).dropped {
                if !dropped.iter().any(|(known, _)| *known == at) {
                    dropped.push((at, index));
                }
            }
        }
        Ok(dropped)
    }

    /// What a push did that nobody has looked at, in words; with `runs`, another session may be at it still. Reads only.
    ///
    /// # Errors
    /// The server's refusal.
    pub(crate) async fn cut_off_push(&self, runs: bool) -> Result<Option<String>> {
        let push = self.run.open().and_then(|run| run.pushes.last());
        let Some(push) = push.filter(|it| it.ended.is_none() && it.looked.is_none()) else {
            return Ok(None);
        };
        let differences = compare(&push.before, &self.work.index_picture().await?);
        let did = if differences.is_empty() {
            "every index and collection stands as before".to_owned()
        } else {
            self.in_push_words(&differences)
        };
        let how = if runs {
            "runs still or was cut off: nobody has looked yet at what it did"
        } else {
            "was cut off, and nobody looked at what it did. See that its command has ended"
        };
        Ok(Some(format!(
            "a push of the schema (`{}`, begun at {}) {how}. Since it began: {did}",
            named(&push.command),
            clock(push.began)
        )))
    }

    /// The same, and keeps that it was said.
    ///
    /// # Errors
    /// The server's refusal.
    pub(crate) async fn look_at_cut_off_push(&mut self) -> Result<Option<String>> {
        let Some(says) = self.cut_off_push(false).await? else {
            return Ok(None);
        };
        let record = self.run.record.as_mut();
        if let Some(push) = record.and_then(|run| run.pushes.last_mut()) {
            push.looked = Some(now());
        }
        self.save().await?;
        Ok(Some(says))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_that_were_cut_off_count_with_the_one_after_them() {
        let push = |ended| PushRecord {
            ended,
            ..PushRecord::default()
        };
        let all = [push(Some(1)), push(None), push(None), push(Some(2))];
        assert_eq!(undecided(&all).len(), 3);
        assert_eq!(undecided(&all[..3]).len(), 2);
        assert_eq!(undecided(&all[..1]).len(), 1);
        assert!(undecided(&[]).is_empty());
    }
}
