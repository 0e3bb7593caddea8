use super::*;
use crate::input;

#[test]
fn every_target_holds_on_its_corpus_and_on_a_few_cases() {
    for target in TARGETS {
        let corpus = input::corpus(target);
        assert!(!corpus.is_empty(), "{} has no corpus", target.name);
        for parts in &corpus {
            assert_eq!((target.check)(parts), Ok(()), "{}", target.name);
        }
        for case in 0..5 {
            let parts = input::of_case(target, &corpus, 0, case);
            assert_eq!((target.check)(&parts), Ok(()), "{} {case}", target.name);
        }
    }
}

#[test]
fn a_case_is_always_the_same_input_and_another_than_its_neighbours() {
    for target in TARGETS {
        let corpus = input::corpus(target);
        let case = |number| input::of_case(target, &corpus, 7, number);
        assert_eq!(case(3), case(3), "{}", target.name);
        let different: std::collections::BTreeSet<_> = (0..20).map(case).collect();
        assert!(different.len() > 10, "{}", target.name);
    }
}

#[test]
fn a_file_gives_back_the_input_that_it_was_written_for() {
    let parts = ["a\n\u{202e}##[b".to_owned(), String::new()];
    let text = input::print(&parts);
    assert!(text.is_ascii() && !text.contains("##["), "{text}");
    assert_eq!(input::read(&text), parts);
    assert_eq!(input::read("plain"), ["plain"]);
}
