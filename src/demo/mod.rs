//! A throw-away MongoDB with sample data: found or fetched, started on a loopback port, ended by its own handle.
