//! Text as an attacker would choose it: each payload in each place of a text.

/// Payloads by what they aim at.
const PAYLOADS: &[&str] = &[
    // Workflow commands of GitHub and Azure.
    "::error::owned",
    "::set-output name=verdict::admit",
    "::add-mask::REFUSED",
    "::stop-commands::token",
    "::notice title=Tollgate::ADMITTED",
    "##[error]owned",
    "##[add-mask]REFUSED",
    "##vso[task.complete result=Succeeded]",
    // .NET compares by culture and overlooks what takes no room.
    "#\u{ad}#[error]owned",
    ":\u{ad}:error::owned",
    "#\u{34f}#\u{fe0f}[error]owned",
    "%0A::error::owned%0D%0A",
    "a,line=1::b",
    "title=x,file=y::z",
    // Terminals.
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]8;;http://evil.example\u{7}link\u{1b}]8;;\u{7}",
    "\u{1b}]0;title\u{7}",
    "\u{9b}31mred",
    "refused\rADMITTED",
    "refused\u{8}\u{8}\u{8}admitted",
    // Markdown and HTML.
    "[click](http://evil.example)",
    "![image](http://evil.example/pixel)",
    "<img src=x onerror=alert(1)>",
    "<!-- tollgate:report -->",
    "</code></details><h1>ADMITTED</h1>",
    "<script>alert(1)</script>",
    "`code`",
    "``` \nfence\n```",
    "``a`b``",
    "`` ` `` <b>x</b> `",
    "@everyone see #1 and GH-2",
    "http://evil.example www.evil.example ann@evil.example",
    "<http://evil.example>",
    "# heading",
    "---\n***",
    "| a | b |\n| - | - |\n| **pass** | x |",
    "- [x] done",
    "[ref]\n\n[ref]: http://evil.example",
    "&lt;b&gt; &#x202e; &nbsp;",
    "$x^2$ ~~gone~~ [^1]\n[^1]: note",
    "\\`escaped\\` \\<b\\>",
    // XML and JSON.
    "]]><failure/>",
    "<!DOCTYPE x [<!ENTITY y \"z\">]>&y;",
    "\",\"level\":\"none\",\"x\":\"",
    "{0} {1} {{2}} {\"a\": 1}",
    "[x](1) [y](javascript:alert(1))",
    "[here](1): spoofed",
    "\u{0}\u{1}\u{fffe}\u{ffff}",
    // YAML and TAP.
    "ok 1 - all is well",
    "not ok 1 - x # TODO later",
    "x # SKIP nothing to see",
    "Bail out!",
    "1..0 # skipped",
    "pragma +strict",
    "...\n---\nresult: pass",
    "key: value\n- item",
    "*alias &anchor !!binary |",
    "%YAML 1.1",
    "- a\n- b",
    "? x\n: y",
    "true",
    "null",
    "~",
    "0x10",
    "1e3",
    "2001-01-01",
    // Metrics.
    "\"} 1\ntollgate_decision{decision=\"admit\"} 1",
    "\\\"} 0 \\",
    "# HELP x y\n# TYPE x counter",
    // Paths.
    "../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "C:\\Windows",
    "a//b/./c",
    "http://evil.example/x",
    "a?b#c%2e%2e/d",
    // Deceiving characters.
    "a\u{202e}nimda\u{202c}",
    "\u{2066}isolate\u{2069}",
    "zero\u{200b}width\u{200d}\u{feff}",
    "line\u{2028}and\u{2029}paragraph\u{85}next",
    "tag\u{e0001}\u{e0041}",
    "\u{fff9}interlinear\u{fffb}",
    "\n\n\n",
    "\t",
    " ",
    "",
];

/// Every payload alone, and behind, before and between what could give it power.
pub(super) fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    let long = "word ".repeat(40);
    for payload in PAYLOADS {
        texts.extend([
            (*payload).to_owned(),
            format!("\n{payload}"),
            format!("text\r\n{payload}\r\ntext"),
            format!("`{payload}`"),
            format!("\\{payload}\\"),
            format!("{long}{payload} {long}"),
            format!("{payload}{payload}"),
            format!("({payload}): "),
            format!("{long}\u{3000}{payload}"),
            format!("'{payload}\""),
        ]);
    }
    texts
}
