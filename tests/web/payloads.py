"""What attackers type: statements, scripts, and names of files."""

from itertools import islice, product

_BREAKOUTS = ("'", '"', "')", "'))", '")', "`", "\\'", "''", "%27", "\uff07", "1", "x\x00'")
_STATEMENTS = (
    " OR 1=1",
    " AND 1=2 UNION SELECT password_hash FROM membersecret",
    " UNION ALL SELECT NULL,NULL,NULL,sqlite_version()",
    "; DROP TABLE deal",
    "; UPDATE member SET active=0",
    "; SELECT pg_sleep(9)",
    " AND randomblob(900000000)",
    " AND (SELECT CASE WHEN 1=1 THEN 1/0 ELSE 1 END)",
    " || (SELECT version()) || ",
    " AND name LIKE '%",
    " ORDER BY 99",
    " NEAR(",
    " MATCH 'a' OR b:*",
    " COLLATE NOCASE, (SELECT 1)",
)
_ENDS = ("", "--", " #", "/*")
_AWKWARD = (
    "* NEAR(",
    'a" OR b:*',
    "\\",
    "\x00",
    "%00",
    "${7*7}{{7*7}}",
    "١٢٣",
    "-1",
    "9" * 40,
    "1e999",
    "NaN",
    "🥐" * 50,
    "Europe/../../etc/passwd",
    "UTC'; DROP TABLE deal--",
    "name DESC, (SELECT 1)",
    "a" * 20_000,
    '"unclosed',
    "AND OR NOT",
    "^*:-+()",
)
SQL = (
    *("".join(parts) for parts in islice(product(_BREAKOUTS, _STATEMENTS, _ENDS), 481)),
    *_AWKWARD,
)

_CALLS = ("alert(1)", "window.parent.alert(1)", "confirm`1`", "print()")
_TAGS = (
    "<script>{}</script>",
    '"><img src=x onerror={}>',
    "'><svg/onload={}>",
    "<details open ontoggle={}>",
    "<iframe srcdoc='<script>{}</script>'>",
    "</textarea><script>{}</script>",
    "</title><body onpageshow={}>",
    "<a href='javascript:{}'>x</a>",
    "[x](javascript:{})",
    '![x](x" onerror="{})',
    "<math><mtext></p><style><img src onerror={}>",
    "<input autofocus onfocus={}>",
    "javascript:{}",
)
SCRIPTS = (
    *(tag.format(call) for call in _CALLS for tag in _TAGS),
    "<div hx-get='/sign-out' hx-trigger='load'>",
    "<b data-hx-post='/sign-out' data-hx-trigger='load'>x</b>",
    "<p hx-on:load='alert(1)'>x</p>",
    "{{ viewer }}{% for x in () %}",
    "<meta http-equiv=refresh content='0;url=/sign-out'>",
    "<base href='//elsewhere.example/'>",
    "<form action=/sign-out><button autofocus>x",
    "<link rel=stylesheet href=//elsewhere.example/x.css>",
    "java\tscript:alert(1)",
)

_CLIMBS = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "....//", "..\\", "..%5c", "..%c0%af", "/", "~/")
_TARGETS = (
    "etc/passwd",
    "app.py",
    "record.sqlite3",
    ".env",
    "keys",
    "windows/win.ini",
    "proc/self/environ",
    "static/app.css",
    "app.css%00",
    "app.css\x00.png",
)
PATHS = (
    *("".join(parts) for parts in product(_CLIMBS, _TARGETS)),
    *(climb * 6 + target for climb, target in product(_CLIMBS, _TARGETS[:9])),
    *("C:\\windows\\win.ini", "file:///etc/passwd", "\\\\host\\share", "con", "nul.css", "a" * 300),
    *(".", "..", "...", " "),
)
