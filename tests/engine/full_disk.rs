//! A run folder on a disk that is full: the run stops with what is true, and once there is room the same command ends as it would have. A small
//! file system of its own is the disk; where nobody may mount one, there is nothing to try.
#![cfg(target_os = "linux")]

use crate::support::case::Case;
use crate::support::picture;

/// What runs before the disk is filled, and how many KiB are left then.
const CASES: [(Option<&str>, u32); 6] = [
    (None, 0),
    (None, 60),
    (Some("document"), 0),
    (Some("document"), 4),
    (Some("prove"), 0),
    (Some("prove"), 4),
];

/// Applies up to a step, fills the disk but for some KiB, applies, makes room, applies again. Says both exit codes, and the log's length in lines
/// that are none of ours.
const SCRIPT: &str = r#"
set -u
mkdir disk && mount -t tmpfs -o size=4m tmpfs disk && mkdir -m 700 disk/runs || exit 77
binary=$0; left=$1; through=$2; shift 2
[ -z "$through" ] || "$binary" "$@" --through "$through" 2>disk.before || exit 78
free=$(($(stat -f -c '%a * %S' disk) / 1024 - left))
[ "$free" -le 0 ] || dd if=/dev/zero of=disk/ballast bs=1024 count=$free 2>/dev/null
"$binary" "$@" 2>disk.first; first=$?
rm disk/ballast
"$binary" "$@" 2>disk.second; second=$?
cp disk/runs/*/log.txt disk.log
echo "$first $second"
"#;

async fn inside(case: &Case, script: &str, words: &[&str]) -> Option<(i32, String)> {
    let ran = tokio::process::Command::new("unshare")
        .args(["-Urm", "sh", "-c", script])
        .args(words)
        .current_dir(case.path("."))
        .env("HOME", case.path("."))
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    let said = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
    Some((ran.status.code()?, said))
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_run_whose_disk_was_full_ends_as_it_would_have_once_there_is_room() {
    let expected = Case::seeded().await;
    expected.migrate().await;
    let expected = picture::but_runs(&expected.picture().await);
    for (through, left) in CASES {
        let case = Case::seeded().await;
        let may = "mkdir try && mount -t tmpfs -o size=1m tmpfs try && umount try && rm -r try";
        if inside(&case, may, &[]).await.is_none_or(|it| it.0 != 0) {
            eprintln!("no small file system can be mounted here");
            return;
        }
        case.plan().await;
        let left = left.to_string();
        let words = [
            env!("CARGO_BIN_EXE_ringfence"),
            &left,
            through.unwrap_or_default(),
            "--uri",
            &case.uri,
            "--watch-seconds",
            "0",
            "--run-dir",
            "disk/runs",
            "apply",
            "--plan",
            "plan.json",
            "--confirm",
            &case.name,
        ];
        let ended = inside(&case, SCRIPT, &words).await.unwrap();
        let read = |name: &str| std::fs::read_to_string(case.path(name)).unwrap_or_default();
        let said = format!(
            "{through:?} {left}: {ended:?}\n{}\n{}",
            read("disk.first"),
            read("disk.second")
        );
        assert_eq!(ended, (0, "1 0".to_owned()), "{said}");
        let first = read("disk.first");
        let full = ["no space is left there", "are free there"];
        assert!(full.iter().any(|it| first.contains(it)), "{said}");
        let truth = [
            "Nothing was changed",
            "No run was begun, and nothing was changed",
            "The database is unchanged",
            "The export is not whole",
            "The plan is not in that file",
            "The models to copy are not written",
        ];
        assert!(truth.iter().any(|it| first.contains(it)), "{said}");
        // A line that the full disk cut off is not glued to the next one.
        let log = read("disk.log");
        let glued = log.lines().filter(|it| it.matches(" INFO ").count() > 1);
        assert_eq!(glued.count(), 0, "{log}");
        let differences =
            picture::differences(&expected, &picture::but_runs(&case.picture().await), false);
        assert_eq!(differences, Vec::<String>::new(), "{said}");
        case.ringfence(&["verify"]).await.code(0);
    }
}

#[tokio::test]
async fn a_report_and_a_plan_that_find_no_room_leave_what_stood_there() {
    const SCRIPT: &str = r#"
mkdir disk && mount -t tmpfs -o size=300k tmpfs disk && mkdir -m 700 disk/runs || exit 77
binary=$0; database=$2; set -- --uri "$1" --run-dir disk/runs
echo old >disk/plan.json; mkdir disk/report; echo old >disk/report/report.md
dd if=/dev/zero of=disk/ballast bs=1024 2>/dev/null
"$binary" "$@" plan --defaults --out disk/plan.json 2>disk.plan; echo "$? $(cat disk/plan.json)"
"$binary" "$@" report --out disk/report 2>disk.report; echo "$? $(cat disk/report/report.md)"
rm disk/ballast
"$binary" "$@" report --out disk/report >/dev/null 2>&1; echo "$? $(head -c 18 disk/report/report.md)"
"$binary" "$@" plan --defaults --out disk/plan.json >/dev/null 2>&1; echo "$? $(head -c 1 disk/plan.json)"
"#;
    let case = Case::seeded().await;
    case.migrate().await;
    case.roll_back(&[]).await.code(0);
    let words = [env!("CARGO_BIN_EXE_ringfence"), &case.uri, &case.name];
    let Some((0, said)) = inside(&case, SCRIPT, &words).await else {
        eprintln!("no small file system can be mounted here");
        return;
    };
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines, ["1 old", "1 old", "0 # Migration report", "0 {"]);
    let read = |name: &str| std::fs::read_to_string(case.path(name)).unwrap();
    assert!(
        read("disk.plan").contains("The plan is not in that file"),
        "{}",
        read("disk.plan")
    );
    assert!(read("disk.report").contains("The report is not written"));
}
