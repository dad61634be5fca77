//! Backups in mongodump's layout: written, read back, restored.
