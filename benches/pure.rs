//! What is done for every document, without a server: `cargo bench --bench pure`. Times in ns; throughput where documents are read.

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::path::Path;

use bson::oid::ObjectId;
use bson::{RawDocumentBuf, rawdoc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ringfence::domain::blueprint::Blueprint;
use ringfence::domain::customer_id::{IdKind, customer_id};
use ringfence::domain::decision::Decisions;
use ringfence::domain::document_diff::diff;
use ringfence::domain::email;
use ringfence::domain::id::Id;
use ringfence::domain::mapping::{self, Mapping};
use ringfence::domain::reference::End;
use ringfence::domain::survey::Survey;
use ringfence::domain::transform::{self, BookingFate};
use ringfence::store::spill;

fn oid(kind: u8, number: u32) -> ObjectId {
    let mut bytes = [kind; 12];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

fn booking(number: u32) -> RawDocumentBuf {
    rawdoc! {
        "_id": oid(4, number), "userId": oid(1, number % 20_000), "serviceId": oid(3, number % 500), "status": "CONFIRMED",
        "date": bson::DateTime::from_millis(1_700_000_000_000), "startTime": "09:30", "endTime": "10:15", "price": 49.5,
        "notes": "by the window, if there is one", "paid": true, "createdAt": bson::DateTime::from_millis(1_690_000_000_000),
    }
}

/// 20,000 users at 100 businesses.
fn survey() -> Survey {
    let mapping = Mapping::parse(mapping::DEFAULT).unwrap();
    let mut survey = Survey::new("shop", mapping, &spill::memory(56 << 20, Path::new(".")));
    for n in 0..100 {
        survey.take_business(&rawdoc! { "_id": oid(2, n), "name": format!("Business {n}") });
    }
    for n in 0..500 {
        let service = rawdoc! { "_id": oid(3, n), "businessId": oid(2, n % 100) };
        for hop in survey.hops(End::Business) {
            survey.take_hop(End::Business, &hop, &service);
        }
    }
    for n in 0..20_000 {
        survey.take_user(&rawdoc! {
            "_id": oid(1, n), "name": format!("Guest {n}"), "email": format!("guest{n}@example.org"), "phone": "+44 20 7946 0018",
        });
    }
    survey.close_users();
    for n in 0..20_000 {
        survey.take_booking(&booking(n));
    }
    survey
}

fn all(criterion: &mut Criterion) {
    let mut survey = survey();
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    let bookings: Vec<_> = (0..10_000).map(booking).collect();
    let bytes: usize = bookings.iter().map(|it| it.as_bytes().len()).sum();
    let mut group = criterion.benchmark_group("per booking");
    group.throughput(Throughput::Bytes((bytes / bookings.len()) as u64));
    let mut at = 0;
    let mut next = || {
        at = (at + 7_919) % bookings.len();
        &bookings[at]
    };
    group.bench_function("transform", |bench| {
        bench.iter(|| transform::booking(&survey, &blueprint, black_box(next())).unwrap());
    });
    let fate = transform::booking(&survey, &blueprint, &bookings[0]).unwrap();
    if let BookingFate::Linked { document, .. } = fate {
        group.bench_function("diff for the preview", |bench| {
            bench.iter(|| diff(black_box(&bookings[0]), Some(&document)));
        });
    }
    group.bench_function("survey", |bench| {
        bench.iter(|| survey.take_booking(black_box(next())));
    });
    group.finish();
    let (business, user) = (Id::object_id([2; 12]), Id::object_id([1; 12]));
    criterion.bench_function("customer id", |bench| {
        bench.iter(|| customer_id(black_box(&business), black_box(&user), IdKind::ObjectId));
    });
    for (what, text) in [
        ("plain", "Ann.Example@Example.org"),
        ("composed", "Zoe\u{308}@Example.org "),
    ] {
        criterion.bench_function(&format!("e-mail, {what}"), |bench| {
            bench.iter(|| email::normalise(black_box(text)));
        });
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
