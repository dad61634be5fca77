//! The transform: a pure function per document, raw BSON in, raw BSON (or nothing) out. The run record keeps [`VERSION`] beside what was
//! prepared with it.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::blueprint::Blueprint;
use super::conflict::Choice;
use super::id::Id;
use super::mapping::UserRole;
use super::raw::{Builder, Malformed, elements};
use super::reference::BookingPaths;
use super::survey::{BusinessIx, Standing, Survey};

/// Changes whenever the same input may give another output.
pub const VERSION: u32 = 1;

/// What becomes of a booking.
#[derive(Debug, Clone, PartialEq)]
pub enum BookingFate {
    /// It points at a customer.
    Linked {
        /// The customer.
        customer: Id,
        /// The business.
        business: BusinessIx,
        /// The booking as it will be.
        document: RawDocumentBuf,
    },
    /// It goes to the quarantine as it is.
    Quarantined,
    /// It stays as it is.
    Left,
}

/// The fate of a booking.
///
/// # Errors
/// A document that is not BSON.
pub fn booking(
    survey: &Survey,
    blueprint: &Blueprint,
    document: &RawDocument,
) -> Result<BookingFate, Malformed> {
    let paths = survey.paths();
    let refs = paths.read(document);
    let keep = |business: BusinessIx, existing: usize| -> Result<BookingFate, Malformed> {
        Ok(BookingFate::Linked {
            customer: survey.existing[existing].id.clone(),
            business,
            document: paths.without_user(document, false)?.finish(),
        })
    };
    match survey.standing(&refs) {
        Standing::WithoutBusiness { names } if blueprint.leaves(&names) => Ok(BookingFate::Left),
        Standing::WithoutBusiness { .. } => Ok(BookingFate::Quarantined),
        Standing::Paired {
            business,
            linked: Some(existing),
            ..
        } if !blueprint.relinks(business) => keep(business, existing),
        Standing::Paired { user, business, .. } => {
            let Some(customer) = blueprint.customer_of(survey, user, business) else {
                return Ok(BookingFate::Left);
            };
            let document = at_customer(paths, document, &customer)?;
            Ok(BookingFate::Linked {
                customer,
                business,
                document,
            })
        }
        Standing::WithoutUser {
            business,
            linked: Some(existing),
            ..
        } => keep(business, existing),
        Standing::WithoutUser {
            business,
            names,
            linked: None,
        } => match blueprint.without_user(business, &names) {
            Choice::Quarantine => Ok(BookingFate::Quarantined),
            Choice::Leave => Ok(BookingFate::Left),
            _ => {
                let customer = blueprint.placeholder_of(survey, business, names.as_ref());
                let document = at_customer(paths, document, &customer)?;
                Ok(BookingFate::Linked {
                    customer,
                    business,
                    document,
                })
            }
        },
    }
}

/// The booking without its user and its old customer; `customer` is appended last.
fn at_customer(
    paths: &BookingPaths,
    document: &RawDocument,
    customer: &Id,
) -> Result<RawDocumentBuf, Malformed> {
    let mut out = paths.without_user(document, true)?;
    out.value(paths.customer(), customer.value());
    Ok(out.finish())
}

/// The user without contact fields, or as it is.
///
/// # Errors
/// A document that is not BSON.
pub fn user(
    role: &UserRole,
    cleans: bool,
    document: &RawDocument,
) -> Result<RawDocumentBuf, Malformed> {
    if !cleans {
        return Ok(document.to_owned());
    }
    let mut out = Builder::new(document.as_bytes().len());
    for element in elements(document) {
        let element = element?;
        if !role
            .contact
            .iter()
            .any(|field| field.as_bytes() == element.key)
        {
            out.element(&element);
        }
    }
    Ok(out.finish())
}
