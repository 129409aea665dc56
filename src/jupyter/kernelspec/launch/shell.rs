//! Splitting shell text into its simple commands. It is an estimate, for texts that start a kernel: expansions are
//! left as they stand, and control flow is ignored.

/// The simple commands of a text in the shell language, each as its words, quotes removed.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let mut reader = Reader::default();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('\n') | None => {}
                Some(next) => reader.put(next),
            },
            '\'' => reader.quoted(letters.by_ref().take_while(|c| *c != '\'')),
            '"' => {
                reader.begin();
                while let Some(inner) = letters.next() {
                    match inner {
                        '"' => break,
                        '\\' if matches!(letters.peek(), Some('"' | '\\' | '$' | '`' | '\n')) => {
                            reader.quoted(letters.next().filter(|c| *c != '\n'));
                        }
                        other => reader.put(other),
                    }
                }
            }
            '#' if reader.word.is_none() => {
                while letters.peek().is_some_and(|c| *c != '\n') {
                    letters.next();
                }
            }
            '$' if letters.peek() == Some(&'{') => {
                reader.put('$');
                for inner in letters.by_ref() {
                    reader.put(inner);
                    if inner == '}' {
                        break;
                    }
                }
            }
            '\n' | ';' | '&' | '|' | '(' | ')' | '`' => reader.end_command(),
            space if space.is_whitespace() => reader.end_word(),
            other => reader.put(other),
        }
    }
    reader.end_command();
    reader.commands
}

#[derive(Default)]
struct Reader {
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: Option<String>,
}

impl Reader {
    fn begin(&mut self) -> &mut String {
        self.word.get_or_insert_default()
    }

    fn put(&mut self, letter: char) {
        self.begin().push(letter);
    }

    fn quoted(&mut self, letters: impl IntoIterator<Item = char>) {
        let word = self.begin();
        word.extend(letters);
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_command(&mut self) {
        self.end_word();
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_and_continued_lines_are_read() {
        let text = "#!/bin/sh\n# docker run x\nset -e; exec docker run -v \"$1:/c\" \\\n  'a b' \"${X:-y z}\" a#b && x\\ y | z\n";
        let commands = commands(text);
        let joined: Vec<String> = commands.iter().map(|words| words.join("|")).collect();
        assert_eq!(joined, ["set|-e", "exec|docker|run|-v|$1:/c|a b|${X:-y z}|a#b", "x y", "z"]);
    }
}
