//! What a migration is. Pure: no tokio, no driver, no ratatui, no clock, no files.
