"""The files that describe a mirror to people without this program: README, tables, manifest, RO-Crate metadata."""
