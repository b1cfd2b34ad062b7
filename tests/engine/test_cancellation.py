from __future__ import annotations

import pytest

from companion.engine.cancellation import CancelToken
from companion.errors import Cancelled


def test_a_fresh_token_lets_work_go_on() -> None:
    token = CancelToken()
    token.raise_if_cancelled()
    assert not token.cancelled


def test_a_cancelled_token_stops_work_and_stays_cancelled() -> None:
    token = CancelToken()
    token.cancel()
    token.cancel()
    assert token.cancelled
    with pytest.raises(Cancelled):
        token.raise_if_cancelled()
