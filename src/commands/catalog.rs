//! The table as JSON: what is made from it outside of this crate starts here.

use alloc::vec::Vec;

use serde_json::{Value, json};

use super::{Listed, Method, table};

/// Every row, in the order of the families.
///
/// ```
/// let catalog = nookdb::commands::catalog();
/// let ping = catalog.as_array().unwrap().iter().find(|row| row["name"] == "PING").unwrap();
/// assert_eq!(ping["usage"], "[message]");
/// assert_eq!(ping["arity"], -1);
/// ```
pub fn catalog() -> Value {
    table().iter().map(row).collect()
}

fn row(listed: &Listed) -> Value {
    let command = listed.command;
    json!({
        "name": command.name,
        "usage": command.usage,
        "summary": command.summary,
        "complexity": command.complexity,
        "group": command.group,
        "since": command.since,
        "arity": listed.shape.arity,
        "flags": command.flags.names().collect::<Vec<_>>(),
        "methods": command.methods.iter().map(method).collect::<Vec<_>>(),
    })
}

fn method(method: &Method) -> Value {
    json!({
        "name": method.name,
        "parameters": method.parameters,
        "sends": method.sends,
        "answers": method.answers,
    })
}
