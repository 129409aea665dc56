//! Tables for people, no wider than the terminal.
//!
//! Only blanks between words break a line: a path or a command has to survive copying, so a word longer than the
//! line is left for the terminal to break.

/// Text between two columns.
const GAP: usize = 2;
/// A last column narrower than this is hard to read.
const NARROWEST: usize = 16;
/// Stands for a blank that must not break the line.
const NO_BREAK: char = '\u{a0}';

/// The text as one word, for a command that has to stay on its line.
pub(super) fn unbroken(text: &str) -> String {
    text.replace(' ', NO_BREAK.encode_utf8(&mut [0; 4]))
}

/// Lines of a name and a value, the values below each other. `width` is the terminal's, if it is known.
pub(super) fn pairs(rows: &[(&str, String)], width: Option<usize>) -> String {
    let indent = rows.iter().map(|(name, _)| length(name)).max().unwrap_or(0) + GAP;
    rows.iter().map(|(name, value)| hanging(name, value, indent, width)).collect()
}

/// A table; the first row holds the names of the columns. If it is wider than `width`, the last column is
/// wrapped; if even that doesn't fit, each row becomes a block of lines.
pub(super) fn table(rows: &[Vec<String>], width: Option<usize>) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let column = |at: usize| rows.iter().filter_map(move |row| row.get(at)).map(|cell| length(cell)).max();
    let widths: Vec<usize> = (0..count).map(|at| column(at).unwrap_or(0)).collect();
    let last = widths.last().copied().unwrap_or(0);
    let before = widths.iter().rev().skip(1).map(|width| width + GAP).sum::<usize>();
    let Some(width) = width.filter(|width| before + last > *width) else {
        return rows.iter().map(|row| line(row, &widths) + "\n").collect();
    };
    let longest = |row: &Vec<String>| words(row.get(count - 1).map_or("", String::as_str)).map(length).max();
    let needed = rows.iter().filter_map(longest).max().unwrap_or(0).max(NARROWEST);
    if before + needed > width {
        return blocks(rows, width);
    }
    let wrapped = |row: &Vec<String>| {
        let start = line(row.get(..count - 1).unwrap_or(row), &widths);
        hanging(&start, row.get(count - 1).map_or("", String::as_str), before, Some(width))
    };
    rows.iter().map(wrapped).collect()
}

/// One row a block: the names of the columns before their cells. Cells of a column without a name come first on
/// the block's first line if they lead the row (a mark), else on a line of their own.
fn blocks(rows: &[Vec<String>], width: usize) -> String {
    let Some((names, rows)) = rows.split_first() else { return String::new() };
    let marks = names.iter().take_while(|name| name.is_empty()).count();
    let mark_of = |row: &[String]| row.iter().take(marks).map(String::as_str).collect::<Vec<_>>().join(" ");
    let indent = rows.iter().map(|row| length(&mark_of(row))).max().unwrap_or(0);
    let indent = if indent == 0 { 0 } else { indent + 1 };
    let label = names.iter().map(|name| length(name)).max().unwrap_or(0);
    let block = |row: &Vec<String>| {
        let cells = names.iter().zip(row).skip(marks).filter(|(_, cell)| !cell.is_empty());
        let mut text = String::new();
        for (name, cell) in cells {
            let mark = if text.is_empty() { mark_of(row) } else { String::new() };
            text += &match name.is_empty() {
                true => hanging(&mark, cell, indent, Some(width)),
                false => hanging(&format!("{mark:indent$}{name}"), cell, indent + label + GAP, Some(width)),
            };
        }
        text
    };
    rows.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// The cells below those of other lines.
fn line(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, width)| {
        let cell = shown(cell);
        format!("{cell:width$}{:GAP$}", "", width = *width)
    });
    cells.collect::<String>().trim_end().to_owned()
}

/// `start`, and the text from column `indent` on, wrapped to `width`.
fn hanging(start: &str, text: &str, indent: usize, width: Option<usize>) -> String {
    let whole = format!("{start:indent$}{}", shown(text)).trim_end().to_owned() + "\n";
    let Some(width) = width.filter(|width| length(whole.trim_end()) > *width) else { return whole };
    let mut lines = String::new();
    let mut line = format!("{start:indent$}");
    for word in words(text) {
        let is_first = length(&line) <= indent;
        if !is_first && length(&line) + 1 + length(word) > width {
            lines += line.trim_end();
            lines.push('\n');
            line = " ".repeat(indent);
        } else if !is_first {
            line.push(' ');
        }
        line += &shown(word);
    }
    lines + line.trim_end() + "\n"
}

/// The words of a text. What stands in backquotes is a command, and one word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let is_break = move |c: char| {
        is_quoted ^= c == '`';
        c == ' ' && !is_quoted
    };
    text.split(is_break).filter(|word| !word.is_empty())
}

fn shown(text: &str) -> String {
    text.replace(NO_BREAK, " ")
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect()).collect()
    }

    fn profiles() -> Vec<Vec<String>> {
        rows(&[
            &["", "PROFILE", "ACCOUNT", ""],
            &["*", "default", "ada@example.com", ""],
            &["", "work", "bob@example.com", "revoked at Google 3 days ago"],
        ])
    }

    #[test]
    fn a_table_that_fits_has_one_line_a_row() {
        let wide = "   PROFILE  ACCOUNT\n*  default  ada@example.com\n   work     bob@example.com  revoked at Google 3 days ago\n";
        assert_eq!(table(&profiles(), None), wide);
        assert_eq!(table(&profiles(), Some(57)), wide);
    }

    #[test]
    fn the_last_column_is_wrapped() {
        let wrapped = "   PROFILE  ACCOUNT\n*  default  ada@example.com\n   work     bob@example.com  revoked at Google 3\n\
                       \x20                            days ago\n";
        assert_eq!(table(&profiles(), Some(50)), wrapped);
    }

    #[test]
    fn a_table_that_is_too_wide_becomes_blocks() {
        let blocks = "* PROFILE  default\n  ACCOUNT  ada@example.com\n\n  PROFILE  work\n  ACCOUNT  bob@example.com\n  \
                      revoked at Google 3 days ago\n";
        assert_eq!(table(&profiles(), Some(40)), blocks);
    }

    #[test]
    fn no_line_is_wider_than_asked_unless_a_word_is() {
        for width in 20..70 {
            for text in
                [table(&profiles(), Some(width)), pairs(&[("account", "a b ".repeat(30))], Some(width))]
            {
                for line in text.lines() {
                    assert!(length(line) <= width || line.contains('@'), "{width}: {line:?}");
                }
            }
        }
    }

    #[test]
    fn values_are_wrapped_below_each_other_and_commands_are_not() {
        let rows =
            [("now", "no project is set".to_owned()), ("next", unbroken("bqcred use work --project P"))];
        assert_eq!(
            pairs(&rows, Some(16)),
            "now   no project\n      is set\nnext  bqcred use work --project P\n"
        );
        let quoted = [("a", "run `bqcred login` now".to_owned())];
        assert_eq!(pairs(&quoted, Some(20)), "a  run\n   `bqcred login`\n   now\n");
        assert_eq!(pairs(&rows, None), "now   no project is set\nnext  bqcred use work --project P\n");
    }
}
