//! The console's worker: one task that owns the session and answers its requests one after the other.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::app::message::{AskedNumber, Detail, Job};
use crate::app::{Answer, Request};
use crate::domain::checklist::{Progress, Step};
use crate::domain::ending::{Ended, Ending};
use crate::domain::gate::Destructive;
use crate::domain::run::WatchStart;
use crate::domain::situation::Standing;
use crate::engine::reporting::log_file;
use crate::engine::session::Session;
use crate::engine::{StepError, Watcher};

/// How long nobody may ask for anything before the engine looks at the database anew.
const LOOK: Duration = Duration::from_secs(2);
/// Where a plan cannot be made yet.
const SCHEMA_OPEN: &str = "the after-schema asks for what has no answer yet. Nothing was changed; the list is here: answer what can be answered, mend what cannot, and make the plan again";
/// Where the reading was stopped.
const SCHEMA_STOPPED: &str = "you stopped the reading; nothing was changed";
/// Bookings per page of the preview.
const PAGE: usize = 100;

/// Answers requests until nobody can send any more.
pub async fn serve(
    mut session: Session,
    mut requests: mpsc::Receiver<(Request, CancellationToken)>,
    answers: mpsc::Sender<Answer>,
    progress: watch::Sender<Progress>,
) {
    answer_all(&mut session, &mut requests, &answers, &progress).await;
    // Where that fails, the lease expires; nobody is left to be told.
    let _ = session.let_go().await;
}

async fn answer_all(
    session: &mut Session,
    requests: &mut mpsc::Receiver<(Request, CancellationToken)>,
    answers: &mpsc::Sender<Answer>,
    progress: &watch::Sender<Progress>,
) {
    let mut told = None;
    while let Some((request, cancel)) = next_request(session, requests, answers, &mut told).await {
        let watcher = Watcher {
            progress: progress.clone(),
            cancel,
        };
        for answer in Box::pin(answer(session, request, &watcher, &mut told)).await {
            if answers.send(answer).await.is_err() {
                return; // the console is gone
            }
        }
    }
}

/// Waits for an order, and looks at the database now and then meanwhile. `None` when nobody can order anything any more.
async fn next_request(
    session: &mut Session,
    requests: &mut mpsc::Receiver<(Request, CancellationToken)>,
    answers: &mpsc::Sender<Answer>,
    told: &mut Option<Standing>,
) -> Option<(Request, CancellationToken)> {
    // Nothing is known of what the order before this one changed.
    let mut looked = None;
    loop {
        if let Ok(received) = tokio::time::timeout(LOOK, requests.recv()).await {
            return received;
        }
        // A look only reads: an order need not wait for its end.
        let news = tokio::select! {
            biased;
            received = requests.recv() => return received,
            news = Box::pin(look(session, told, &mut looked)) => news,
        };
        for answer in news {
            answers.send(answer).await.ok()?;
        }
    }
}

/// What is new in the database since the console was told. What cannot be read now is read at the next look. Where the server shows that nothing
/// at all was written since `looked`, the moment of the last look, everything stands as it stood.
async fn look(
    session: &mut Session,
    told: &mut Option<Standing>,
    looked: &mut Option<WatchStart>,
) -> Vec<Answer> {
    let now = session.last_write().await;
    let nobody_holds = |told: &Standing| told.situation.holder.is_none();
    if now.is_some() && now == *looked && told.as_ref().is_some_and(nobody_holds) {
        return vec![Answer::StillSo];
    }
    *looked = None;
    let mut news = Vec::new();
    if let Some(words) = session.look_for_foreign_writes().await {
        news.push(Answer::ForeignWrites(words));
    }
    let Ok(standing) = session.standing_now().await else {
        return news;
    };
    let same = told.as_ref().is_some_and(|told| {
        told.statuses == standing.statuses && told.situation.says_as(&standing.situation)
    });
    news.push(if same {
        Answer::StillSo
    } else {
        let blocked = session.writes_blocked_words();
        Answer::Stands(standing.clone(), session.review(), blocked)
    });
    *told = Some(standing);
    *looked = now;
    news
}

/// A failure names the file that says more.
fn with_log(mut ended: Ended) -> Ended {
    if matches!(ended.ending, Ending::Failed | Ending::PartlyDone)
        && let Some(path) = log_file()
    {
        let path = crate::domain::text::named(&path.display().to_string());
        ended.says = format!("{}\nThe log: {path}", ended.says);
    }
    ended
}

/// Errors travel as text: what happened, what is true now, what to do.
fn text<T>(outcome: Result<T, StepError>) -> Result<T, String> {
    outcome.map_err(|error| error.to_string())
}

fn decided_or_asked(session: &Session, decided: Result<usize, StepError>) -> Answer {
    match decided {
        Err(StepError::AsksForNumber {
            code,
            bookings,
            words,
            changes,
        }) => Answer::AsksForNumber(Box::new(AskedNumber {
            code,
            bookings,
            words,
            changes,
        })),
        decided => Answer::Decided(text(decided), session.review()),
    }
}

#[allow(clippy::too_many_lines)] // one arm for each request
async fn answer(
    session: &mut Session,
    request: Request,
    watcher: &Watcher,
    told: &mut Option<Standing>,
) -> Vec<Answer> {
    match request {
        Request::Standing => {
            let standing = text(session.standing().await);
            *told = standing.as_ref().ok().cloned();
            let blocked = session.writes_blocked_words();
            vec![Answer::Standing(standing, session.review(), blocked)]
        }
        Request::Run { step, confirmed } => {
            session.lease().forget_loss(); // it was said when it was noticed, and this is a new order
            let outcome = session.run_step(step, confirmed, watcher).await;
            let mut answers = Vec::new();
            if matches!(outcome, Err(StepError::Unfit(_))) {
                answers.push(Answer::MappingUnfit);
            }
            let open = step == Step::Review && session.stopped_at_the_schema();
            let ended = match outcome {
                Err(_) if open => {
                    answers.push(Answer::SchemaOpen);
                    Ended {
                        ending: Ending::Refused,
                        says: SCHEMA_OPEN.to_owned(),
                    }
                }
                Ok(says) => Ended::done(says),
                Err(error) => with_log(error.ended()),
            };
            // Other steps survey too, to take in what is new.
            let surveys = step.row().surveys;
            if let Some(overview) = session.overview().filter(|_| surveys) {
                answers.push(Answer::Surveyed(overview, session.review()));
            }
            answers.push(Answer::Ended(Job::Step(step), ended));
            answers
        }
        Request::RollBack(confirmed) => {
            session.lease().forget_loss();
            let ended = session.roll_back(confirmed, watcher).await;
            let ended = with_log(session.how_it_rolled_back(ended));
            vec![Answer::Ended(Job::RollBack, ended)]
        }
        Request::Strays(confirmed) => {
            session.lease().forget_loss();
            let job = match confirmed.action() {
                Destructive::SetAside => Job::SetAside,
                _ => Job::TakeIn,
            };
            let decided = match job {
                Job::SetAside => session.set_strays_aside(confirmed, None).await,
                _ => session.take_strays_in(confirmed, None, watcher).await,
            };
            let ended = match decided {
                Ok(decided) if decided.complete => Ended::done(decided.says.join("; ")),
                Ok(decided) => Ended {
                    ending: Ending::PartlyDone,
                    says: decided.says.join("\n"),
                },
                Err(error) => error.ended(),
            };
            vec![Answer::Ended(job, with_log(ended))]
        }
        Request::Gate(Destructive::RollBack(new)) => {
            let gate = text(session.rollback_gate(new).await);
            vec![Answer::Gate(Box::new(gate))]
        }
        Request::Gate(action) => vec![Answer::Gate(Box::new(text(session.gate(action).await)))],
        Request::Decide(changes) => {
            let count = changes.len();
            let decided = session.decide(changes).map(|()| count);
            vec![decided_or_asked(session, decided)]
        }
        Request::DecideAlike(alike) => {
            let decided = session.decide_alike(&alike);
            vec![decided_or_asked(session, decided)]
        }
        Request::TryOut(key, decision) => {
            let tried = text(session.try_out(&key, decision));
            vec![Answer::TriedOut(key, tried)]
        }
        Request::Undo => {
            let undone = text(session.undo());
            vec![Answer::Decided(undone, session.review())]
        }
        Request::Redo => {
            let redone = text(session.redo());
            vec![Answer::Decided(redone, session.review())]
        }
        Request::Labels => vec![Answer::Labels(text(session.labels().await))],
        Request::Sources(key) => {
            let sources = text(session.sources(&key).await);
            vec![Answer::Sources(Box::new(sources))]
        }
        Request::Detail(key) => {
            let detail = Detail {
                records: text(session.records(&key).await),
                preview: text(session.preview(&key).await),
                key,
            };
            vec![Answer::Detail(Box::new(detail))]
        }
        Request::Business(id) => {
            let view = text(session.business_view(&id).await);
            vec![Answer::Business(id, Box::new(view))]
        }
        Request::Clients => vec![Answer::Clients(session.client_lines().await)],
        Request::Diffs(filter, from) => {
            let page = text(session.diff_page(&filter, &from, PAGE).await);
            vec![Answer::Diffs(filter, from, page)]
        }
        Request::Note(on, words) => {
            session.lease().forget_loss();
            let noted = text(session.note(on, &words).await);
            vec![Answer::Noted(on, noted)]
        }
        Request::TakeNoteBack(on) => {
            session.lease().forget_loss();
            let taken = text(session.take_note_back(on).await);
            vec![Answer::NoteTakenBack(on, taken)]
        }
        Request::Schema { long } => {
            let silent = Watcher::silent();
            let watcher = if long { watcher } else { &silent };
            let view = match session.schema_view(watcher).await {
                Err(error) if error.ending() == Ending::Stopped => Err(SCHEMA_STOPPED.to_owned()),
                view => text(view),
            };
            vec![Answer::Schema(long, Box::new(view))]
        }
        Request::Mapping => {
            let view = text(session.mapping_view(&Watcher::silent()).await);
            vec![Answer::Mapping(Box::new(view))]
        }
        Request::SaveMapping { text: file, read } => {
            let saved = text(session.save_mapping(&file, read.as_deref()).await);
            vec![Answer::MappingSaved(saved)]
        }
        Request::Report(personal) => {
            let _ = session.standing().await; // what cannot be read now is left out
            vec![Answer::Report(
                personal,
                text(session.report_markdown(personal)),
            )]
        }
        Request::Export(personal) => vec![Answer::Exported(text(session.export_report(personal)))],
    }
}
