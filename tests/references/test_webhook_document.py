"""What docs/webhooks.md says is so."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from references.webhook_events import TYPES
from workspace.webhooks.sending import DELAYS
from workspace.webhooks.signing import new_secret, signed_headers

TEXT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def test_should_verify_messages_as_the_document_shows() -> None:
    code = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert code
    names: dict[str, Any] = {}
    exec(code[1], names)  # noqa: S102
    is_genuine: Callable[..., bool] = names["is_genuine"]
    new, former, other = new_secret(), new_secret(), new_secret()
    body, moment = '{"type": "test", "name": "Łódź"}'.encode(), int(time.time())
    headers = signed_headers([new, former], "msg_1", moment, body)
    assert is_genuine(new, headers, body)
    assert is_genuine(former, headers, body)
    assert not is_genuine(other, headers, body)
    assert not is_genuine(new, headers, body + b" ")
    assert not is_genuine(new, {**headers, "webhook-id": "msg_2"}, body)
    late = signed_headers([new], "msg_1", moment - 400, body)
    assert not is_genuine(new, late, body)


def test_should_sign_as_the_specification_does() -> None:
    """The example of the specification, whose signature is published."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    headers = signed_headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_should_document_every_type_and_delay() -> None:
    table = TEXT.partition("| Kind |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`(\w+\.\w+)`", table)) == TYPES
    hours = [f"{delay.total_seconds() / 3600:g}" for delay in DELAYS[4:]]
    assert f"{', '.join(hours[:-1])} and {hours[-1]}\nhours" in TEXT
