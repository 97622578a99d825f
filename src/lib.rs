//! The data-structure engine of nookdb.
