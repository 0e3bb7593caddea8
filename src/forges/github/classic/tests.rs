use super::*;

fn layer(more: &Value) -> Layer {
    let mut body = json!({
        "enforce_admins": {"enabled": true},
        "required_pull_request_reviews": {
            "dismiss_stale_reviews": true, "require_code_owner_reviews": false,
            "required_approving_review_count": 2, "require_last_push_approval": true,
        },
        "required_signatures": {"enabled": false}, "required_linear_history": {"enabled": true},
        "allow_force_pushes": {"enabled": false}, "allow_deletions": {"enabled": true},
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    let read: Protection = serde_json::from_value(body).expect("protection");
    read.layer("classic".to_owned())
}

const ALL: [Flag; 8] = [
    Flag::Request,
    Flag::DismissStale,
    Flag::CodeOwners,
    Flag::LastPush,
    Flag::Signed,
    Flag::Linear,
    Flag::NoForcePush,
    Flag::NoDeletion,
];

fn is(layer: &Layer, flag: Flag) -> Option<bool> {
    let value = layer.flags.get(&flag);
    value.map_or(Some(false), |it| it.get().ok().copied())
}

#[test]
fn controls_of_the_classic_protection() {
    let whole = layer(&json!({}));
    let on: Vec<Option<bool>> = ALL.iter().map(|it| is(&whole, *it)).collect();
    let expected = [true, true, false, true, false, true, true, false];
    assert_eq!(on, expected.map(Some));
    assert_eq!(whole.approvals, Known::Known(2));
    // Absent reviews are a fact, and a count that is missing among them is none.
    let none = layer(&json!({"required_pull_request_reviews": null}));
    assert_eq!(none.approvals, Known::Known(0));
    assert_eq!(is(&none, Flag::Request), Some(false));
    let silent = layer(&json!({"required_pull_request_reviews": {}}));
    assert!(silent.approvals.get().is_err());
    assert_eq!(is(&silent, Flag::Request), Some(true));
    assert_eq!(is(&silent, Flag::DismissStale), None);
    let unsaid = layer(&json!({"allow_force_pushes": null, "required_signatures": null}));
    assert_eq!(is(&unsaid, Flag::NoForcePush), None);
    assert_eq!(is(&unsaid, Flag::Signed), None);
    let locked = layer(&json!({
        "required_pull_request_reviews": null, "lock_branch": {"enabled": true}
    }));
    assert_eq!(is(&locked, Flag::Request), Some(true));
}

#[test]
fn who_goes_around_the_classic_protection() {
    let who = |more: Value| {
        let bypass = layer(&more).bypass;
        let all = bypass.get().ok().cloned();
        all.map(|all| all.into_iter().map(|it| it.actor).collect::<Vec<_>>())
    };
    assert_eq!(who(json!({})), Some(Vec::new()));
    let free = who(json!({"enforce_admins": {"enabled": false}}));
    assert_eq!(free, Some(vec!["Role:admin".to_owned()]));
    assert_eq!(who(json!({"enforce_admins": null})), None);
    let allowed = who(json!({"required_pull_request_reviews": {
        "bypass_pull_request_allowances": {
            "users": [{"login": "ann"}], "teams": [{"slug": "ops"}], "apps": [{"slug": "bot"}],
        },
    }}));
    let names = ["User:ann", "Team:ops", "App:bot"].map(str::to_owned);
    assert_eq!(allowed, Some(names.to_vec()));
}

#[test]
fn checks_of_old_and_new_servers() {
    let checks = |value: Value| layer(&json!({"required_status_checks": value})).checks;
    let list = |value: Value| {
        let all = checks(value).get().ok().cloned();
        all.map(|all| all.iter().map(|it| it.source).collect::<Vec<_>>())
    };
    assert_eq!(list(Value::Null), Some(Vec::new()));
    assert_eq!(list(json!({"contexts": ["a"]})), Some(vec![None]));
    let both = json!({"contexts": ["a", "b"], "checks": [
        {"context": "a", "app_id": 7}, {"context": "b", "app_id": -1}, {"context": "c", "app_id": null},
    ]});
    assert_eq!(list(both), Some(vec![Some(7), None, None]));
    assert_eq!(list(json!({"strict": true})), None);
}

#[test]
fn what_everybody_sees() {
    let branch = |protected: bool, enabled: Value| -> Branch {
        serde_json::from_value(json!({
            "name": "main", "protected": protected, "protection": {
                "enabled": enabled, "required_status_checks": {"checks": [{"context": "a", "app_id": 7}]},
            },
        }))
        .expect("a branch")
    };
    for (protected, enabled, off) in [
        (false, json!(true), true),
        (true, json!(false), true),
        (true, json!(true), false),
        (true, Value::Null, false),
    ] {
        assert_eq!(
            branch(protected, enabled.clone()).is_off(),
            off,
            "{protected} {enabled}"
        );
    }
    let hidden = Gap {
        why: "hidden".to_owned(),
        needs: "a token".to_owned(),
    };
    let part = |count: Value| {
        let rule: UpdateRule = serde_json::from_value(json!({
            "requiredApprovingReviewCount": count, "requiresCodeOwnerReviews": true,
            "requiresSignatures": false, "requiresLinearHistory": false,
            "allowsForcePushes": false, "allowsDeletions": true,
        }))
        .expect("a rule");
        rule.layer("classic".to_owned(), branch(true, json!(true)), &hidden)
    };
    let two = part(json!(2));
    let seen: Vec<Option<bool>> = ALL.iter().map(|it| is(&two, *it)).collect();
    let (on, off) = (Some(true), Some(false));
    assert_eq!(seen, [on, None, on, None, off, off, on, off]);
    assert_eq!(two.approvals, Known::Known(2));
    assert_eq!(two.checks.get().expect("known")[0].source, Some(7));
    assert!(two.bypass.get().is_err() && two.admins.get().is_err());
    for count in [json!(0), Value::Null] {
        let none = part(count.clone());
        assert!(none.approvals.get().is_err(), "{count}");
        assert_eq!(is(&none, Flag::Request), None, "{count}");
    }
}
