//! Styles of `kernel.json` that are in use, and random documents.

use proptest::prelude::*;

use super::*;
use crate::handover::broker::limits::Limits;

const GAC: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// (what it is, text)
const STYLES: &[(&str, &str)] = &[
    (
        "ipykernel: one space, no final newline",
        "{\n \"argv\": [\n  \"python\",\n  \"-m\",\n  \"ipykernel_launcher\",\n  \"-f\",\n  \"{connection_file}\"\n ],\n \"display_name\": \"Python 3 (ipykernel)\",\n \"language\": \"python\",\n \"metadata\": {\n  \"debugger\": true\n }\n}",
    ),
    (
        "IRkernel: mixed",
        "{\"argv\": [\"R\", \"--slave\", \"-e\", \"IRkernel::main()\", \"--args\", \"{connection_file}\"],\n \"display_name\":\"R\",\n \"language\":\"R\"\n}\n",
    ),
    ("compact", r#"{"argv":["python3","-f","{connection_file}"],"display_name":"P","language":"python"}"#),
    (
        "four spaces, own variables and own credentials",
        "{\n    \"argv\": [\"/opt/py/bin/python\"],\n    \"env\": {\n        \"A\": \"1\",\n        \"GOOGLE_APPLICATION_CREDENTIALS\" : \"/old\\u002fkey.json\"\n    },\n    \"language\": \"python\"\n}\n",
    ),
    (
        "tabs and CRLF",
        "{\r\n\t\"argv\": [\r\n\t\t\"R\"\r\n\t],\r\n\t\"env\": {},\r\n\t\"metadata\": {\r\n\t}\r\n}\r\n",
    ),
    (
        "big numbers",
        "{\"argv\": [\"x\"], \"metadata\": {\"n\": 123456789012345678901234567890, \"f\": 1.0E+400, \"z\": -0.0, \"nan\": NaN}}",
    ),
    (
        "unicode, raw and escaped",
        "{\n  \"argv\": [\"R\"],\n  \"display_name\": \"R \u{00e9}\u{1f600} \\ud83d\\ude00 \\ud800\",\n  \"language\": \"R\"\n}",
    ),
    ("odd white space", " \n{ \"argv\" : [ \"R\" ] , \"env\" : { } ,\n\n\"metadata\":{ \"a\" : 1 } }\n\n"),
    (
        "repeated keys",
        r#"{"argv":["a"],"env":{"X":"1"},"env":{"GOOGLE_APPLICATION_CREDENTIALS":"/1","GOOGLE_APPLICATION_CREDENTIALS":"/2"},"argv":["R"]}"#,
    ),
    ("one member", "{\n\"argv\": [\"R\"]}"),
    (
        "metadata first",
        "{\"metadata\": {}, \"env\": {\"A\": \"b\"}, \"argv\": [\"R\", \"{connection_file}\"]}",
    ),
];

fn vars() -> Vec<(String, String)> {
    [(GAC, "/home/ada/.local/share/bqcred/me/adc.json"), ("BQCRED_PROFILE", "me"), ("NO_GCE_CHECK", "true")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

const EXEC: ExecWrapper<'_> =
    ExecWrapper { bqcred: "/usr/local/bin/bqcred", token_only: None, python: "/venv/bin/python" };

fn assignment(vars: &[(String, String)], exec: bool) -> Assignment<'_> {
    Assignment { profile: "me", vars, exec: exec.then_some(EXEC), folder: None }
}

#[test]
fn every_style_is_restored_byte_for_byte() {
    let vars = vars();
    for exec in [false, true] {
        for (style, text) in STYLES {
            let once = install(text, &assignment(&vars, exec)).unwrap();
            let spec = spec::parse(&once).unwrap();
            for (name, value) in &vars {
                assert_eq!(spec.var(name), Some(value.as_str()), "{style}\n{once}");
            }
            assert_eq!(install(&once, &assignment(&vars, exec)).unwrap(), once, "{style}: twice");
            let undone = uninstall(&once).unwrap();
            assert_eq!(undone.text, *text, "{style}\n{once}");
            assert_eq!(undone.kept, Vec::<String>::new());
        }
    }
}

#[test]
fn an_assignment_is_laid_out_like_the_spec() {
    let text = install(STYLES[0].1, &assignment(&vars()[..1], false)).unwrap();
    let end = text.split_once("\"debugger\": true").unwrap().1;
    assert_eq!(
        end,
        ",\n  \"bqcred\": {\"v\":1,\"profile\":\"me\",\"set\":{\"GOOGLE_APPLICATION_CREDENTIALS\":\"/home/ada/.local/share/bqcred/me/adc.json\"},\"created\":[\"env\"]}\n },\n \"env\": {\n  \"GOOGLE_APPLICATION_CREDENTIALS\": \"/home/ada/.local/share/bqcred/me/adc.json\"\n }\n}"
    );
}

#[test]
fn a_second_profile_replaces_the_first_and_can_be_undone() {
    for (style, text) in STYLES {
        let first = install(text, &assignment(&vars(), true)).unwrap();
        let other = vec![(GAC.to_owned(), "/b.json".to_owned())];
        let second = install(&first, &Assignment { profile: "b", ..assignment(&other, false) }).unwrap();
        assert_eq!(marker(&second).unwrap().profile, "b");
        assert_eq!(spec::parse(&second).unwrap().var("BQCRED_PROFILE"), None, "{style}");
        assert_eq!(uninstall(&second).unwrap().text, *text, "{style}");
    }
}

#[test]
fn values_that_were_changed_later_are_kept() {
    let text = install(STYLES[0].1, &assignment(&vars(), false)).unwrap();
    let theirs = text
        .replace("\"/home/ada/.local/share/bqcred/me/adc.json\"\n", "\"/theirs.json\"\n")
        .replacen(
            "\"GOOGLE_APPLICATION_CREDENTIALS\": \"/home/ada/.local/share/bqcred/me/adc.json\",",
            "\"GOOGLE_APPLICATION_CREDENTIALS\": \"/theirs.json\",",
            1,
        )
        .replace("\"display_name\": \"Python 3 (ipykernel)\"", "\"display_name\": \"Mine\"");
    let undone = uninstall(&theirs).unwrap();
    assert_eq!(undone.kept, [GAC]);
    let spec = spec::parse(&undone.text).unwrap();
    assert_eq!(spec.env, [(GAC.to_owned(), Some("/theirs.json".to_owned()))]);
    assert_eq!(spec.display_name, "Mine");
    assert_eq!(marker(&undone.text), None);
}

#[test]
fn every_style_is_restored_after_token_only() {
    let limits = Limits::new(&["bigquery".to_owned()], None).unwrap();
    let exec = Some(ExecWrapper { token_only: Some(&limits), ..EXEC });
    for (style, text) in STYLES {
        let once = install(text, &Assignment { exec, ..assignment(&[], true) }).unwrap();
        assert_eq!(marker(&once).unwrap().token_only(), Some(&limits), "{style}");
        assert_eq!(uninstall(&once).unwrap().text, *text, "{style}\n{once}");
        // with other limits
        let other = install(&once, &assignment(&[], true)).unwrap();
        assert_eq!(uninstall(&other).unwrap().text, *text, "{style}\n{other}");
    }
}

#[test]
fn a_wrapped_command_has_absolute_paths_and_keeps_options_added_later() {
    let text = install(STYLES[0].1, &assignment(&[], true)).unwrap();
    let argv = spec::parse(&text).unwrap().argv;
    assert_eq!(
        argv[..7],
        ["/usr/local/bin/bqcred", "exec", "--always-start", "--profile", "me", "--", "/venv/bin/python"]
    );
    assert!(!text.contains("\"env\""));
    let longer = text.replace("\"{connection_file}\"\n", "\"{connection_file}\", \"--debug\"\n");
    let undone = uninstall(&longer).unwrap();
    assert_eq!(undone.kept, ["argv"]);
    let argv = spec::parse(&undone.text).unwrap().argv;
    assert_eq!(argv, ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}", "--debug"]);
}

#[test]
fn specs_and_values_that_can_not_be_edited_safely_are_refused() {
    let vars = vars();
    let refused =
        |text: &str, vars: &[(String, String)]| install(text, &assignment(vars, false)).unwrap_err();
    assert!(refused(STYLES[0].1, &[(GAC.to_owned(), "/home/$USER/x".to_owned())]).contains("has a $"));
    assert!(refused("\u{feff}{\"argv\": [\"R\"]}", &vars).contains("byte order mark"));
    assert!(refused("{\"argv\": [\"R\"], \"env\": null}", &vars).contains("env"));
    assert!(refused("{\"argv\": [\"R\"], \"env\": {\"A\": 1}}", &vars).contains("env"));
    assert!(refused("{}", &vars).contains("argv"));
    assert!(
        refused("{\"argv\": [\"R\"], \"metadata\": {\"bqcred\": {\"v\": 9, \"profile\": \"x\"}}}", &vars)
            .contains("newer")
    );
}

#[test]
fn renaming_changes_nothing_but_the_display_name() {
    assert_eq!(
        rename("{\"argv\":[\"R\"],\"display_name\" : \"R\"}", "R (\"x\")").unwrap(),
        "{\"argv\":[\"R\"],\"display_name\" : \"R (\\\"x\\\")\"}"
    );
    assert_eq!(rename("{\"argv\":[\"R\"]}", "R").unwrap(), "{\"argv\":[\"R\"],\"display_name\":\"R\"}");
}

#[test]
fn a_copy_is_removable_only_while_its_spec_is_unchanged() {
    let original = STYLES[1].1;
    let folder = Folder {
        from: "/usr/share/x".into(),
        checksum: marker::checksum(original.as_bytes()),
        ..Folder::default()
    };
    let text =
        install(original, &Assignment { folder: Some(&folder), ..assignment(&vars(), false) }).unwrap();
    // a second assignment keeps the record of the folder
    let text = install(&text, &Assignment { profile: "b", ..assignment(&vars(), false) }).unwrap();
    assert_eq!(uninstall(&text).unwrap().removable_folder(), Some(&folder));
    let edited = text.replace("\"display_name\":\"R\"", "\"display_name\":\"Q\"");
    assert_eq!(uninstall(&edited).unwrap().removable_folder(), None);
}

fn blank() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,3}"
}

/// JSON text with white space in every place where it is allowed.
fn any_json() -> impl Strategy<Value = String> {
    let text =
        prop_oneof![".{0,6}".prop_map(|s| json::quote(&s)), Just("\"\\ud83d\\ude00\\/\\u0041\"".to_owned())];
    let leaf = prop_oneof![
        text,
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
        "true|false|null|NaN"
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            (blank(), prop::collection::vec((blank(), inner.clone(), blank()), 0..4)).prop_map(
                |(b, items)| {
                    let items: Vec<String> = items.into_iter().map(|(a, v, b)| a + &v + &b).collect();
                    if items.is_empty() { format!("[{b}]") } else { format!("[{}]", items.join(",")) }
                }
            ),
            any_members(inner, ".{0,4}".boxed()),
        ]
    })
}

fn any_members(
    value: impl Strategy<Value = String> + 'static,
    key: BoxedStrategy<String>,
) -> impl Strategy<Value = String> {
    let member = (blank(), key, blank(), blank(), value, blank());
    (blank(), prop::collection::vec(member, 0..4)).prop_map(|(inside, members)| {
        let members: Vec<String> = members
            .into_iter()
            .map(|(a, key, b, c, value, d)| format!("{a}{}{b}:{c}{value}{d}", json::quote(&key)))
            .collect();
        if members.is_empty() { format!("{{{inside}}}") } else { format!("{{{}}}", members.join(",")) }
    })
}

/// A spec that Jupyter would list, its members in any order, with foreign ones between them.
fn any_spec() -> impl Strategy<Value = String> {
    let text = || ".{0,5}".prop_map(|s| json::quote(&s));
    let names = prop_oneof!["[A-Z]{1,3}", Just(GAC.to_owned()), Just("NO_GCE_CHECK".to_owned())].boxed();
    let argv = prop::collection::vec(text(), 1..4)
        .prop_map(|words| Some(format!("\"argv\": [{}]", words.join(", "))));
    let env = prop::option::of(any_members(text(), names).prop_map(|env| format!("\"env\" :{env}")));
    let metadata = prop::option::of(
        any_members(any_json(), "[a-z]{1,5}".boxed()).prop_map(|metadata| format!("\"metadata\":{metadata}")),
    );
    let foreign = prop::option::of(any_json().prop_map(|value| format!("\"x\":{value}")));
    (argv, env, metadata, foreign, blank(), blank(), blank())
        .prop_flat_map(|(argv, env, metadata, foreign, a, b, c)| {
            let members: Vec<String> = [argv, env, metadata, foreign].into_iter().flatten().collect();
            (Just(members).prop_shuffle(), Just(a), Just(b), Just(c))
        })
        .prop_map(|(members, a, b, c)| format!("{a}{{{b}{}{c}}}{a}", members.join(&format!("{c},{b}"))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_document_is_restored_and_assigning_twice_is_assigning_once(text in any_spec(), exec: bool, value in "[^$\0]{0,8}") {
        let vars = vec![(GAC.to_owned(), value.clone()), ("NO_GCE_CHECK".to_owned(), "true".to_owned())];
        let once = install(&text, &assignment(&vars, exec)).unwrap();
        let spec = spec::parse(&once).unwrap();
        prop_assert_eq!(spec.var(GAC), Some(value.as_str()));
        prop_assert_eq!(install(&once, &assignment(&vars, exec)).unwrap(), once.clone());
        prop_assert_eq!(uninstall(&once).unwrap().text, text);
    }
}
