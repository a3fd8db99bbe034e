"""After all stories: the provider's books and payment's are the same, charge by charge, both ways; and nothing of what has ended well was refused by
anybody on the way."""
import pytest

from waiting import until

pytestmark = pytest.mark.looks_back


def test_the_providers_books_are_ours(shop, ledger):
    until(lambda: not ledger.differences(), lambda: f"the same in both books: {ledger.differences()[:5]}")


def test_no_dead_letters_of_orders_that_have_ended(topics):
    assert topics.dead_letters(topics.ended) == []
