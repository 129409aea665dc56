//! As much SQL as the tests use: `SELECT SESSION_USER() AS who, 1, 'text'`, and which tables a query names.

use serde_json::{Value, json};

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    name: String,
    kind: &'static str,
    value: String,
}

impl Table {
    /// The schema as BigQuery describes it.
    pub fn schema(&self) -> Value {
        let fields: Vec<Value> = self
            .columns
            .iter()
            .map(|column| json!({"name": column.name, "type": column.kind, "mode": "NULLABLE"}))
            .collect();
        json!({"fields": fields})
    }

    /// The one row, as `tabledata.list` gives it.
    pub fn rows(&self) -> Vec<Value> {
        let cells: Vec<Value> = self.columns.iter().map(|column| json!({"v": column.value})).collect();
        vec![json!({"f": cells})]
    }
}

/// The result of a query for this account. What isn't understood is one row with the account where the
/// query says SESSION_USER, and with 1 elsewhere.
pub fn evaluate(sql: &str, account: &str) -> Table {
    let flat = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let flat = flat.trim_end_matches(';').trim();
    if let Some(list) = strip_word(flat, "select")
        && let Some(columns) =
            list.split(',').enumerate().map(|(at, item)| column(at, item, account)).collect()
    {
        return Table { columns };
    }
    let upper = flat.to_uppercase();
    let column = match upper.find("SESSION_USER") {
        Some(at) => {
            let rest = flat.get(at + "SESSION_USER".len()..).unwrap_or_default().trim_start();
            let rest = rest.strip_prefix("()").unwrap_or(rest).trim_start();
            Column {
                name: alias(rest).unwrap_or("f0_").to_owned(),
                kind: "STRING",
                value: account.to_owned(),
            }
        }
        None => Column { name: "f0_".to_owned(), kind: "INTEGER", value: "1".to_owned() },
    };
    Table { columns: vec![column] }
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_once(' ')?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

/// The name after `AS`, up to the next character that can't be in one.
fn alias(text: &str) -> Option<&str> {
    let rest = strip_word(text, "as")?.trim_start().trim_start_matches('`');
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|name| !name.is_empty())
}

fn column(at: usize, item: &str, account: &str) -> Option<Column> {
    let item = item.trim();
    let lower = item.to_lowercase();
    let (value, name) = match lower.rfind(" as ") {
        Some(split) => (item.get(..split)?.trim(), alias(item.get(split + 1..)?)?.to_owned()),
        None => (item, format!("f{at}_")),
    };
    if value.eq_ignore_ascii_case("session_user()") {
        return Some(Column { name, kind: "STRING", value: account.to_owned() });
    }
    if value.parse::<i64>().is_ok() {
        return Some(Column { name, kind: "INTEGER", value: value.to_owned() });
    }
    let text = value.strip_prefix(['\'', '"'])?.strip_suffix(['\'', '"'])?;
    Some(Column { name, kind: "STRING", value: text.to_owned() })
}

/// The tables after FROM and JOIN: project, dataset, table. Names without a dot are the query's own.
pub fn tables(sql: &str, project: &str) -> Vec<(String, String, String)> {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let after = words.windows(2).filter(|pair| ["FROM", "JOIN"].contains(&pair[0].to_uppercase().as_str()));
    let mut found = Vec::new();
    for pair in after {
        let name: String =
            pair[1].chars().filter(|c| !matches!(c, '`' | '(' | ')' | ';' | ',' | '[' | ']')).collect();
        let parts: Vec<&str> = name.split(['.', ':']).collect();
        let own = |text: &str| text.to_owned();
        match parts[..] {
            [.., last] if last.to_uppercase().starts_with("INFORMATION_SCHEMA") => {}
            [_, _, schema, _] if schema.eq_ignore_ascii_case("INFORMATION_SCHEMA") => {}
            [_, schema, _] if schema.eq_ignore_ascii_case("INFORMATION_SCHEMA") => {}
            [owner, dataset, table] => found.push((own(owner), own(dataset), own(table))),
            [dataset, table] => found.push((own(project), own(dataset), own(table))),
            _ => {}
        }
    }
    found
}
