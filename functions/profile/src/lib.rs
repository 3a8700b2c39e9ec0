//! Portico.
